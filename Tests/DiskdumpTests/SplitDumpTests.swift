import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("Split dumps")
struct SplitDumpTests {
  private static let parts: [Range<UInt64>] = [0..<640, 640..<2816, 2816..<4000]

  private let scenario = Scenario(dumpable: (0..<4000).filter { $0 % 3 != 0 }, codec: .zlib)
  private let folder: TemporaryPath

  init() throws {
    folder = TemporaryPath()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    for (index, part) in Self.parts.enumerated() { try write(scenario, part, path(index)) }
  }

  private func path(_ index: Int) -> String { folder.path + "/part\(index)" }

  private func write(_ scenario: Scenario, _ part: Range<UInt64>, _ path: String, finishes: Bool = true)
    throws
  {
    var description = scenario.description
    description.facts.split = PFN(part.lowerBound)..<PFN(part.upperBound)
    var writer = try DiskdumpWriter(
      description, to: DumpOutput(file: FileDescriptor.create(path, replacing: true)))
    try scenario.begin(&writer)
    let frames = scenario.dumpable.filter { part.contains($0) }
    try scenario.append(finishes ? frames[...] : frames.prefix(frames.count / 2), to: &writer)
    if finishes {
      try writer.finish(dumpable: scenario.bitmap(of: scenario.dumpable))
    } else {
      writer.abandon()
    }
  }

  private func open(_ indexes: [Int]) throws -> PhysicalMemory {
    PhysicalMemory(try KdumpSetStore(opening: indexes.map(path)))
  }

  private func reason(_ paths: [String]) -> String {
    do {
      _ = try KdumpSetStore(opening: paths)
      return ""
    } catch { return error.description }
  }

  @Test(
    "The sub header has the range, twice; main header, bitmaps and the place of the zero page are everybody's"
  )
  func headers() throws {
    let whole = try KdumpDump(path(0))
    for (index, part) in Self.parts.enumerated() {
      let header = try KdumpDump(path(index)).header
      #expect(header.split == 1)
      #expect([header.startPFN, header.endPFN] == [part.lowerBound, part.upperBound])
      #expect([header.startPFN32, header.endPFN32] == [part.lowerBound, part.upperBound])
      let dump = try KdumpDump(path(index))
      #expect(dump.bytes(at: 0, count: 4096) == whole.bytes(at: 0, count: 4096))
      #expect(dump.existing.frames == whole.existing.frames && dump.dumped.frames == scenario.dumpable)
      let zeros = dump.descriptorsOffset + UInt64(scenario.dumpable.count * 24)
      #expect(dump.bytes(at: zeros, count: 4096)?.allSatisfy { $0 == 0 } == true)
    }
  }

  @Test(
    "All files together are the whole dump, in any order", arguments: [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
  func together(order: [Int]) throws {
    let memory = try open(order)
    #expect(memory.isComplete && memory.warnings.isEmpty)
    let frames = try memory.framesInFile()
    #expect(frames.count == UInt64(scenario.dumpable.count))
    var reader = try MemoryReader.sequential(memory)
    var wrong: [UInt64] = []
    for pfn in scenario.dumpable {
      let truth = scenario.content(pfn)
      let isRight = try reader.withPage(PFN(pfn)) { page in page.withUnsafeBytes { $0.elementsEqual(truth) } }
      if !isRight { wrong.append(pfn) }
    }
    #expect(wrong == [])
  }

  @Test("Each file alone can be verified")
  func alone() throws {
    for (index, part) in Self.parts.enumerated() {
      let memory = try PhysicalMemory(opening: path(index), prefersMapping: true)
      let check = try PageChecker(memory).run(threads: 2) { _, _, _ in }
      #expect(check.isSound && memory.isComplete)
      #expect(check.pages == UInt64(scenario.dumpable.count { part.contains($0) }))
    }
    let check = try PageChecker(open([1, 0, 2])).run(threads: 2) { _, _, _ in }
    #expect(check.isSound && check.pages == UInt64(scenario.dumpable.count))
  }

  @Test("A file that is missing is named by its pages")
  func missing() {
    #expect(
      reason([path(0), path(2)])
        == "\(path(2)): a file of the same dump is missing: the one with pfn 0x280 to pfn 0xaff")
    #expect(reason([path(1), path(2)]).hasSuffix("the one with pfn 0x0 to pfn 0x27f"))
    #expect(reason([path(1), path(0)]).hasSuffix("the one with pfn 0xb00 to pfn 0xf9f"))
  }

  @Test("A file that is given twice, whole, of another dump or no dump is named")
  func foreign() throws {
    #expect(reason([path(0), path(1), path(1), path(2)]).contains("which \(path(1)) has as well"))
    try scenario.write(folder.path + "/whole")
    #expect(
      reason([path(0), folder.path + "/whole"]).contains("whole: a whole dump, and no file of a split one"))
    var other = scenario
    other.dumpable.removeLast()
    try write(other, Self.parts[1], folder.path + "/other")
    #expect(
      reason([path(0), folder.path + "/other", path(2)])
        == "\(folder.path)/other: a file of another dump than \(path(0))")
    try Data("no dump".utf8).write(to: URL(filePath: folder.path + "/text"))
    #expect(reason([path(0), folder.path + "/text"]).contains("not a kdump-compressed dump"))
  }

  @Test("An incomplete file makes the set incomplete, and its other pages stay")
  func incomplete() throws {
    try write(scenario, Self.parts[1], path(1), finishes: false)
    let memory = try open([0, 1, 2])
    #expect(!memory.isComplete)
    #expect(memory.warnings.allSatisfy { $0.hasPrefix(path(1)) } && !memory.warnings.isEmpty)
    let frames = try memory.framesInFile()
    let lost = scenario.dumpable.count { Self.parts[1].contains($0) }
    #expect(frames.count == UInt64(scenario.dumpable.count - (lost + 1) / 2))
  }

  @Test("A page that cannot be read keeps its bit, as in all files, and no reader takes its descriptor")
  func unreadable() throws {
    var lossy = Scenario(dumpable: scenario.dumpable, codec: .zlib)
    lossy.unreadable = [1000]
    try write(lossy, Self.parts[1], path(1))
    let memory = try open([0, 1, 2])
    let check = try PageChecker(memory).run(threads: 1) { _, _, _ in }
    #expect(check.damaged == 1 && check.missing == 0 && check.failures.map { $0.pfn } == [PFN(1000)])
  }
}
