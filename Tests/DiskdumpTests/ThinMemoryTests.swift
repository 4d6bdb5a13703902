import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Platform
import Testing

@testable import Diskdump

/// Memory that lies thinly in its addresses has bitmaps of mostly nothing, and that must cost nothing.
@Suite("A machine with memory at high addresses has a small dump")
struct ThinMemoryTests {
  /// Three places with memory, with 150 GB of nothing between; bitmaps of 10 MB each.
  private let scenario: Scenario = {
    var scenario = Scenario(seed: 7, maxMapNumber: 80_000_000, codec: .lzo)
    scenario.existing = [(0, 300), (40_000_001, 40_000_200), (79_997_000, 80_000_000)].map {
      PFN($0.0)..<PFN($0.1)
    }
    scenario.dumpable = scenario.existing.flatMap { range in
      (range.lowerBound.rawValue..<range.upperBound.rawValue).filter { $0 % 3 != 1 }
    }
    return scenario
  }()

  private func stream() throws -> [UInt8] {
    let file = try TemporaryFile([])
    var writer = try DiskdumpWriter(
      scenario.description, to: DumpOutput(stream: FileDescriptor.create(file.path, replacing: true)))
    try scenario.run(&writer)
    return Array(try Data(contentsOf: URL(filePath: file.path)))
  }

  @Test("The file's bitmaps are holes")
  func file() throws {
    let file = try TemporaryFile([])
    try scenario.write(file.path)
    var status = stat()
    try #require(stat(file.path, &status) == 0)
    #expect(status.st_size > 20_000_000)
    #expect(status.st_blocks * 512 < 12_000_000)
  }

  @Test("A stream leaves them out, and is read as the file")
  func flattened() throws {
    let bytes = try stream()
    #expect(bytes.count < 12_000_000)
    let opened = try OpenedDump(bytes)
    #expect(opened.memory.isComplete && opened.memory.warnings.isEmpty)
    #expect(try opened.framesInFile == scenario.expected)
    #expect(opened.memory.frames.ranges == scenario.existing)
    var reader = try MemoryReader.sequential(opened.memory)
    #expect(
      scenario.expected.allSatisfy { PageReading.of($0, &reader) == .page(scenario.content($0)) })
  }

  @Test("Rearranged, it is the file byte by byte; cut, it is a dump of what arrived", arguments: [10, 9, 8])
  func rearranged(tenths: Int) throws {
    let bytes = try stream()
    let source = try TemporaryFile(Array(bytes.prefix(bytes.count / 10 * tenths + (tenths == 10 ? 10 : 0))))
    let target = try TemporaryFile([])
    let file = try FileDescriptor.create(target.path, replacing: true)
    var reader = try FlattenedStreamReader(FileDescriptor.open(reading: source.path))
    var isCut = false
    do throws(DumpError) { try reader.copy(into: file) } catch { isCut = true }
    #expect(isCut == (tenths < 10))
    if !isCut {
      let plain = try TemporaryFile([])
      try scenario.write(plain.path)
      #expect(FileManager.default.contentsEqual(atPath: target.path, andPath: plain.path))
      return
    }
    var partial = PartialDump(file, reader: reader)
    try partial.complete(file)
    #expect(partial.pages == UInt64(scenario.dumpable.count))
    #expect(partial.keptPages > 100 && partial.keptPages < partial.pages)
    let memory = try PhysicalMemory(opening: target.path, prefersMapping: true)
    #expect(!memory.isComplete)
    var pages = try MemoryReader.sequential(memory)
    let kept = scenario.dumpable.filter {
      PageReading.of($0, &pages) == .page(scenario.content($0))
    }
    #expect(UInt64(kept.count) == partial.keptPages)
  }
}
