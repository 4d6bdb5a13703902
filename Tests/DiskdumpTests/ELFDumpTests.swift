import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("ELF cores (-E)")
struct ELFDumpTests {
  private static let direct: UInt64 = 0xffff_8880_0000_0000

  /// Machines of raw pages, none of them left out for being zeros.
  private func scenario(_ dumpable: [UInt64], frames: UInt64 = 4000) -> Scenario {
    Scenario(
      maxMapNumber: frames, existing: [PFN(0)..<PFN(frames)], dumpable: dumpable, codec: .none, dumpLevel: 0)
  }

  private func segments(_ scenario: Scenario) -> [CoreSegment] {
    scenario.existing.map { range in
      let physical = range.lowerBound.rawValue * 4096..<range.upperBound.rawValue * 4096
      return CoreSegment(physical: physical, virtual: Self.direct + physical.lowerBound)
    }
  }

  private func append(_ scenario: Scenario, to writer: inout ELFDumpWriter) throws {
    for start in stride(from: 0, to: scenario.dumpable.count, by: scenario.batch) {
      let frames = Array(scenario.dumpable[start..<min(start + scenario.batch, scenario.dumpable.count)])
      let (data, pages) = try scenario.stored(frames)
      let numbers = frames.map { PFN($0) }
      try writer.append(data: data.span.bytes, pages: pages.span, frames: numbers.span)
    }
  }

  private func begin(_ scenario: Scenario, notes: [UInt8]? = nil, _ writer: inout ELFDumpWriter) throws {
    try writer.begin(
      notes: CoreNotes(notes ?? scenario.notes),
      existing: PFNRanges(scenario.existing, maxMapNumber: scenario.maxMapNumber),
      dumpable: scenario.bitmap(of: scenario.dumpable), sequence: nil)
  }

  private func contents(
    eraseInfo: String = "", lost: PFNRanges = PFNRanges([], maxMapNumber: 0), isIncomplete: Bool = false
  ) -> ELFDumpWriter.Contents {
    ELFDumpWriter.Contents(
      machine: .x86_64, geometry: PageGeometry(shift: 12), eraseInfo: eraseInfo, lost: lost,
      isIncomplete: isIncomplete)
  }

  private func write(
    _ scenario: Scenario, _ path: String, segments: [CoreSegment]? = nil, notes: [UInt8]? = nil,
    eraseInfo: String = "", sizeLimit: UInt64? = nil
  ) throws -> DumpError? {
    var writer = try ELFDumpWriter(
      segments ?? self.segments(scenario), contents: contents(eraseInfo: eraseInfo),
      to: DumpOutput(file: FileDescriptor.create(path, replacing: true), sizeLimit: sizeLimit))
    do {
      try begin(scenario, notes: notes, &writer)
      try append(scenario, to: &writer)
      try writer.finish(dumpable: scenario.bitmap(of: scenario.expected))
    } catch let error as DumpError {
      writer.abandon()
      return error
    }
    return nil
  }

  private func flags(_ path: String) throws -> UInt32 {
    let bytes = try Data(contentsOf: URL(filePath: path))
    return bytes[48..<52].enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) }
  }

  private func size(_ path: String) throws -> UInt64 {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64)
  }

  private func isRight(_ pfn: UInt64, _ core: ELFVmcore, _ scenario: Scenario) -> Bool {
    core.content(pfn)?.elementsEqual(scenario.content(pfn)) ?? false
  }

  @Test("Every kept page is there, and the notes, and nothing is marked", arguments: UInt64(1)...8)
  func content(seed: UInt64) throws {
    var scenario = Scenario.random(seed: seed, codec: .none, dumpLevel: 0)
    scenario.existing = PFNRanges(scenario.existing, maxMapNumber: scenario.maxMapNumber).ranges
    let file = TemporaryPath()
    #expect(try write(scenario, file.path) == nil)
    let core = try ELFVmcore(file.path)
    let wrong = scenario.dumpable.filter { !isRight($0, core, scenario) }
    #expect(wrong == [])
    #expect(core.notes == scenario.notes)
    #expect(try flags(file.path) == 0)
    for segment in core.segments { #expect(segment.virtualAddress == Self.direct + segment.physicalAddress) }
    let bytes: UInt64 = core.segments.reduce(0) { $0 + $1.memorySize }
    let frames: UInt64 = scenario.existing.reduce(0) { $0 + UInt64($1.count) }
    #expect(bytes == frames * 4096)
  }

  @Test("256 pages left out cut a segment in two, 255 do not, and those at its end are p_memsz only")
  func gaps() throws {
    var kept = Array(UInt64(0)..<10)
    kept += Array(UInt64(265)..<300)
    kept += Array(UInt64(556)..<600)
    let file = TemporaryPath()
    #expect(try write(scenario(kept, frames: 700), file.path) == nil)
    let found = try ELFVmcore(file.path).segments
    #expect(found.map { $0.physicalAddress / 4096 } == [0, 556])
    #expect(found.map { $0.fileSize / 4096 } == [300, 44])
    #expect(found.map { $0.memorySize / 4096 } == [556, 144])
  }

  @Test("A segment of which nothing is kept, and one that begins with what is left out, have no offset there")
  func leading() throws {
    let file = TemporaryPath()
    #expect(try write(scenario(Array(400..<500), frames: 500), file.path) == nil)
    let found = try ELFVmcore(file.path).segments
    #expect(found.map { $0.fileSize / 4096 } == [0, 100])
    #expect(found[0].fileOffset == 0)
    #expect(try write(scenario([], frames: 500), file.path) == nil)
    #expect(try ELFVmcore(file.path).segments.map { $0.memorySize / 4096 } == [500])
  }

  @Test("Segments of the same memory share its bytes, and may begin within a page")
  func shared() throws {
    let scenario = scenario(Array(0..<600), frames: 600)
    let file = TemporaryPath()
    let image = CoreSegment(physical: 0x10_0200..<0x12_0000, virtual: 0xffff_ffff_8100_0200)
    #expect(try write(scenario, file.path, segments: [image] + segments(scenario)) == nil)
    let found = try ELFVmcore(file.path).segments
    #expect(found.count == 2)
    #expect(found[0].virtualAddress == 0xffff_ffff_8100_0200)
    #expect(found[0].fileOffset == found[1].fileOffset + 0x10_0200)
    #expect(try size(file.path) == found[1].fileOffset + 600 * 4096)
  }

  @Test(
    "More segments than e_phnum can count are counted by section header 0",
    arguments: [65533, 65534, 65535, 70000])
  func extendedNumbering(count: Int) throws {
    let file = TemporaryPath()
    let segment = CoreSegment(physical: 0..<4096, virtual: Self.direct)
    #expect(
      try write(scenario([0], frames: 1), file.path, segments: Array(repeating: segment, count: count)) == nil
    )
    #expect(try ELFVmcore(file.path).segments.count == count)
    #expect(try ELFCore(opening: file.path).loads.count == count)
    let number = try Data(contentsOf: URL(filePath: file.path))[56..<58]
    let written = Int(number[56]) | Int(number[57]) << 8
    #expect(written == min(count + 1, 0xffff))
  }

  @Test("What was erased is a note")
  func eraseInfo() throws {
    let file = TemporaryPath()
    let scenario = scenario([1])
    #expect(try write(scenario, file.path, eraseInfo: "erase a size 4\n") == nil)
    let notes = try ELFVmcore(file.path).notes
    #expect(notes.starts(with: scenario.notes))
    let extra = notes.dropFirst(scenario.notes.count)
    var expected: [UInt8] = [10, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0]
    expected += Array("ERASEINFO\0\0\0erase a size 4\n\0".utf8)
    #expect(Array(extra) == expected)
  }

  @Test("What was erased before stays one line, with what is erased now, through every format")
  func eraseInfoAgain() throws {
    let (first, second) = (TemporaryPath(), TemporaryPath())
    #expect(try write(scenario([1]), first.path, eraseInfo: "erase a size 4\n") == nil)
    let memory = try PhysicalMemory(opening: first.path, prefersMapping: false)
    #expect(memory.eraseInfo == "erase a size 4\n")
    let notes = try ELFVmcore(first.path).notes
    let both = memory.eraseInfo + "erase b size 8\n"
    #expect(try write(scenario([1]), second.path, notes: notes, eraseInfo: both) == nil)
    let changed = try PhysicalMemory(opening: second.path, prefersMapping: false)
    #expect(changed.eraseInfo == both)
  }

  @Test("A page that can suddenly not be read is zeros in a core that is marked, and the others are right")
  func unreadable() throws {
    var scenario = scenario(Array(UInt64(0)..<300) + [1000, 1001, 1002])
    scenario.unreadable = [0, 7, 8, 1002]
    let file = TemporaryPath()
    #expect(try write(scenario, file.path) == nil)
    let core = try ELFVmcore(file.path)
    #expect(scenario.expected.allSatisfy { isRight($0, core, scenario) })
    for pfn in scenario.unreadable { #expect(core.content(pfn)?.allSatisfy { $0 == 0 } == true) }
    #expect(try flags(file.path) == 1)
  }

  @Test("A stream says so with a header that comes last")
  func unreadableInStream() throws {
    var scenario = scenario(Array(UInt64(0)..<300))
    scenario.unreadable = [7]
    let sent = try TemporaryFile([])
    var writer = try ELFDumpWriter(
      segments(scenario), contents: contents(eraseInfo: ""),
      to: DumpOutput(stream: FileDescriptor.create(sent.path, replacing: true)))
    try begin(scenario, &writer)
    try append(scenario, to: &writer)
    try writer.finish(dumpable: scenario.bitmap(of: scenario.dumpable))
    let file = try TemporaryFile([])
    var reader = try FlattenedStreamReader(FileDescriptor.open(reading: sent.path))
    try reader.copy(into: FileDescriptor.create(file.path, replacing: true))
    #expect(try flags(file.path) == 1)
    let core = try ELFVmcore(file.path)
    #expect(scenario.expected.allSatisfy { isRight($0, core, scenario) })
  }

  @Test("No segment speaks of pages that were lost, wherever they lie", arguments: 0..<20)
  func lost(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let all = Array(UInt64(0)..<900)
    let lost = Set(all.filter { _ in generator.below(seed.isMultiple(of: 2) ? 200 : 6) == 0 })
    let left = Set(all.filter { _ in generator.below(4) == 0 })
    let scenario = scenario(all.filter { !lost.contains($0) && !left.contains($0) })
    let ranges = PFNRanges(lost.map { PFN($0)..<PFN($0 + 1) }, maxMapNumber: scenario.maxMapNumber)
    let file = TemporaryPath()
    var writer = try ELFDumpWriter(
      segments(scenario), contents: contents(lost: ranges, isIncomplete: true),
      to: DumpOutput(file: FileDescriptor.create(file.path, replacing: true)))
    try begin(scenario, &writer)
    try append(scenario, to: &writer)
    try writer.finish(dumpable: scenario.bitmap(of: scenario.expected))
    #expect(try flags(file.path) == 1)
    let core = try ELFVmcore(file.path)
    #expect(scenario.expected.allSatisfy { isRight($0, core, scenario) })
    for pfn in lost {
      let address = pfn * 4096
      #expect(
        !core.segments.contains {
          $0.physicalAddress < address + 4096 && $0.physicalAddress + $0.memorySize > address
        }, "pfn \(pfn)")
    }
    for pfn in left.subtracting(lost) where scenario.existing.contains(where: { $0.contains(PFN(pfn)) }) {
      #expect(
        core.segments.contains {
          $0.physicalAddress <= pfn * 4096 && $0.physicalAddress + $0.memorySize >= pfn * 4096 + 4096
        }, "pfn \(pfn), which was left out and reads as zeros")
    }
  }

  @Test("A file that is full ends with its last whole page, and is marked", arguments: 0..<12)
  func full(step: Int) throws {
    let scenario = scenario(Array(UInt64(0)..<300) + Array(UInt64(700)..<900))
    let file = TemporaryPath()
    let limit = UInt64(8192 + 4096 * step * 45 + step * 341)
    #expect(try write(scenario, file.path, sizeLimit: limit) == .sizeLimit(limit))
    #expect(try flags(file.path) == 1)
    let core = try ELFVmcore(file.path)
    let size = try size(file.path)
    #expect(size <= limit && size.isMultiple(of: 4096))
    let kept = scenario.dumpable.prefix(Int((size - core.segments[0].fileOffset) / 4096))
    #expect(kept.allSatisfy { isRight($0, core, scenario) })
    let memory = try PhysicalMemory(opening: file.path, prefersMapping: true)
    #expect(!memory.isComplete)
    #expect(memory.warnings.contains { $0.contains("marked incomplete") })
    let found = try memory.framesInFile()
    #expect(found.count == UInt64(kept.count))
    // What is not there is not spoken of.
    #expect(core.segments.allSatisfy { $0.fileOffset + $0.fileSize <= size })
  }

  @Test("A program that is killed leaves a core that is marked and ends where it was")
  func killed() throws {
    let scenario = scenario(Array(0..<500))
    let file = TemporaryPath()
    var writer = try ELFDumpWriter(
      segments(scenario), contents: contents(),
      to: DumpOutput(file: FileDescriptor.create(file.path, replacing: true)))
    try begin(scenario, &writer)
    #expect(try ELFVmcore(file.path).segments.isEmpty && flags(file.path) == 1)
    #expect(throws: VmcoreError.self) { try PhysicalMemory(opening: file.path, prefersMapping: true) }
    try append(scenario, to: &writer)
    #expect(try flags(file.path) == 1)
    let size = try size(file.path)
    #expect(try ELFVmcore(file.path).segments.allSatisfy { $0.fileOffset + $0.fileSize <= size })
    try writer.finish(dumpable: scenario.bitmap(of: scenario.dumpable))
    #expect(try flags(file.path) == 0)
  }

  @Test("Segments that lie over each other many times are refused before their product fills memory")
  func overlappingSegments() throws {
    // 4000 pages, each a run of its own, in each of 400 segments.
    let scenario = scenario((0..<4000).map { $0 * 512 }, frames: 4000 * 512)
    let all = try #require(segments(scenario).first)
    let file = TemporaryPath()
    let error = try write(scenario, file.path, segments: [CoreSegment](repeating: all, count: 400))
    guard case .failed(let cause) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.code == .fileTooLarge && "\(cause)".contains("without -E"))
  }
}
