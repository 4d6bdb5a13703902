import DumpFixtures
import DumpJudge
import DumpMemory
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("Pages that cannot be read")
struct UnreadablePageTests {
  /// Which of the pages are lost.
  enum Loss: CaseIterable {
    case first, last, one, some, run, tail, all

    func pick(_ pages: [UInt64], seed: UInt64) -> Set<UInt64> {
      var generator = SeededGenerator(seed: seed)
      switch self {
      case .first: return [pages[0]]
      case .last: return [pages[pages.count - 1]]
      case .one: return [generator.pick(pages)]
      case .some: return Set(pages.filter { _ in generator.oneIn(5) })
      case .run: return Set(pages[(pages.count / 3)..<(pages.count / 2)])
      case .tail: return Set(pages[(pages.count / 2)...])
      case .all: return Set(pages)
      }
    }
  }

  @Test(
    "They are left out of a finished dump, and every other page keeps its content",
    arguments: Loss.allCases, UInt64(20)..<26)
  func leftOut(loss: Loss, seed: UInt64) throws {
    var scenario = Scenario.random(seed: seed, codec: .lzo, dumpLevel: Int32(seed % 2))
    scenario.unreadable = loss.pick(scenario.dumpable, seed: seed)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    #expect(!dump.header.isIncomplete)
    // Descriptors of the lost pages leave a gap before the data, and nothing else.
    #expect(dump.breaches() == [])
    #expect(dump.dumped.frames == scenario.expected)
    let inspection = Inspection(dump, of: scenario)
    #expect(inspection.right == scenario.expected && inspection.isHonest)
    let slack = dump.descriptorsOffset + UInt64(scenario.expected.count) * 24
    #expect(
      dump.bytes(at: slack, count: UInt64(scenario.unreadable.count) * 24)?.allSatisfy { $0 == 0 } == true)
  }

  @Test("More descriptors than one buffer holds move together", arguments: [0, 1, 2729, 2730, 2731, 8190])
  func manyDescriptors(firstLost: UInt64) throws {
    var scenario = Scenario(maxMapNumber: 9000, dumpable: Array(0..<9000), codec: .snappy, batch: 4000)
    scenario.existing = [PFN(0)..<PFN(9000)]
    scenario.unreadable = Set(stride(from: firstLost, to: 9000, by: 13))
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    #expect(dump.breaches() == [])
    #expect(Inspection(dump, of: scenario).right == scenario.expected)
  }

  @Test("A stream that lost pages of a file says so with a header that comes last", arguments: [true, false])
  func stream(isLive: Bool) throws {
    var scenario = Scenario()
    scenario.unreadable = [0, 50, 2000]
    var description = scenario.description
    description.leavesOutUnreadable = isLive
    let sent = try TemporaryFile([])
    var writer = try DiskdumpWriter(
      description, to: DumpOutput(stream: FileDescriptor.create(sent.path, replacing: true)))
    try scenario.run(&writer)
    let file = try TemporaryFile([])
    var reader = try FlattenedStreamReader(FileDescriptor.open(reading: sent.path))
    try reader.copy(into: FileDescriptor.create(file.path, replacing: true))
    let dump = try KdumpDump(file.path)
    #expect(dump.header.isIncomplete == !isLive)
    #expect(Inspection(dump, of: scenario).right == scenario.expected)
  }

  @Test("While the dump is being written they are missing, and the pages behind them are right")
  func duringTheCopy() throws {
    var scenario = Scenario()
    scenario.unreadable = [0, 1, 50, 51, 52, 2000]
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    try scenario.appendAll(&writer)
    let dump = try KdumpDump(file.path)
    let inspection = Inspection(dump, of: scenario)
    #expect(inspection.cut == [0, 1, 50, 51, 52, 2000])
    #expect(inspection.right == scenario.expected && inspection.isHonest)
    #expect(writer.unreadablePages == 6)
  }

  @Test("A bitmap that still has them does not finish the dump")
  func bitmapNotCorrected() throws {
    var scenario = Scenario()
    scenario.unreadable = [7]
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    try scenario.appendAll(&writer)
    #expect(throws: DumpError.pageCount(written: 3999, promised: 4000)) {
      try writer.finish(dumpable: scenario.bitmap(of: scenario.dumpable))
    }
  }

  @Test("Counting only needs no file for them")
  func counting() throws {
    var scenario = Scenario()
    scenario.unreadable = [7, 8]
    var counter = try DiskdumpWriter(scenario.description, to: DumpOutput())
    try scenario.run(&counter)
    #expect(counter.unreadablePages == 2)
  }
}
