import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("Pages that come in another order than that of their frames")
struct RankedPagesTests {
  enum Order: CaseIterable {
    /// Two passes and more, each in the order of frames.
    case passes, everyOther, backwards, shuffled

    func sequence(_ pages: [UInt64], seed: UInt64) -> [UInt64] {
      var generator = SeededGenerator(seed: seed)
      switch self {
      case .passes:
        let groups = pages.map { _ in generator.below(3) }
        return (0..<3).flatMap { group in zip(pages, groups).filter { $1 == group }.map(\.0) }
      case .everyOther:
        let indexed = pages.enumerated()
        return indexed.filter { $0.offset % 2 == 1 }.map(\.element)
          + indexed.filter { $0.offset % 2 == 0 }.map(\.element)
      case .backwards: return pages.reversed()
      case .shuffled: return pages.map { ($0, generator.next()) }.sorted { $0.1 < $1.1 }.map(\.0)
      }
    }
  }

  private func run(_ scenario: Scenario, _ sequence: [UInt64], _ writer: inout DiskdumpWriter) throws {
    let ranks = Dictionary(uniqueKeysWithValues: zip(scenario.dumpable, UInt64(0)...))
    try scenario.begin(&writer)
    for start in stride(from: 0, to: sequence.count, by: scenario.batch) {
      let pfns = sequence[start..<min(start + scenario.batch, sequence.count)]
      let (data, pages) = try scenario.stored(pfns)
      let places = pfns.map { ranks[$0]! }
      try writer.append(data: data.span.bytes, pages: pages.span, ranks: places.span)
    }
    try scenario.finish(&writer)
  }

  @Test(
    "A finished dump has every page, in a file as large as ever", arguments: Order.allCases, UInt64(60)..<66)
  func complete(order: Order, seed: UInt64) throws {
    var scenario = Scenario.random(seed: seed, codec: .lzo, dumpLevel: Int32(seed % 2))
    if seed % 3 == 0 {
      scenario.unreadable = Set(scenario.dumpable.filter { ($0 &* 2_654_435_761) % 7 == 0 })
    }
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try run(scenario, order.sequence(scenario.dumpable, seed: seed), &writer)
    let dump = try KdumpDump(file.path)
    #expect(!dump.header.isIncomplete && dump.breaches() == [])
    #expect(dump.dumped.frames == scenario.expected)
    #expect(Inspection(dump, of: scenario).right == scenario.expected)
    #expect(writer.unreadablePages == UInt64(scenario.unreadable.count))
    let other = TemporaryPath()
    try scenario.write(other.path)
    #expect(try dump.fileSize == KdumpDump(other.path).fileSize)
    let whole = try OpenedDump([UInt8](Data(contentsOf: URL(filePath: file.path))))
    #expect(whole.memory.isComplete && whole.memory.warnings.isEmpty)
  }

  @Test(
    "A finished dump that lost its end is found out, whichever page lies there", arguments: UInt64(70)..<76)
  func copiedInPart(seed: UInt64) throws {
    let scenario = Scenario.random(seed: seed, codec: .lzo, dumpLevel: 0)
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try run(scenario, Order.shuffled.sequence(scenario.dumpable, seed: seed), &writer)
    let cut = try OpenedDump([UInt8](Data(contentsOf: URL(filePath: file.path)).dropLast()))
    #expect(!cut.memory.isComplete && cut.memory.warnings.count == 1)
    #expect(
      cut.memory.warnings.first?.contains("the dump is cut: 1 of its \(scenario.dumpable.count) pages")
        == true)
    #expect(try cut.framesInFile.count == scenario.dumpable.count - 1)
  }

  @Test("A limit leaves what came first, and nothing else", arguments: Order.allCases)
  func limited(order: Order) throws {
    let scenario = Scenario(dumpable: Array(0..<1000), codec: .lzo, dumpLevel: 0)
    let sequence = order.sequence(scenario.dumpable, seed: 1)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let whole = try KdumpDump(file.path).fileSize
    var generator = SeededGenerator(seed: 5)
    let head = UInt64(4096 * 5 + 24 * 1000)
    for _ in 0..<8 {
      let limit = head + generator.below(whole - head)
      var writer = try scenario.writer(file.path, sizeLimit: limit)
      #expect(throws: DumpError.sizeLimit(limit)) { try run(scenario, sequence, &writer) }
      writer.abandon()
      let dump = try KdumpDump(file.path)
      #expect(dump.breaches() == [] && dump.header.isIncomplete && dump.fileSize <= limit)
      let inspection = Inspection(dump, of: scenario)
      #expect(inspection.isHonest && inspection.right == sequence.prefix(inspection.right.count).sorted())
      #expect(writer.pagesDescribed == UInt64(inspection.right.count))
      #expect(dump.fileSize == writer.fileSize && dump.fileSize + 4096 > limit)
    }
  }

  #if DEBUG
    @Test(
      "Wherever a kill ends the writing, the dump shows no page wrongly and is not called complete",
      arguments: [Order.passes, .shuffled], [false, true])
    func killed(order: Order, losesPages: Bool) throws {
      var scenario = Scenario.random(seed: 32, codec: .snappy, dumpLevel: 1)
      if losesPages { scenario.unreadable = Set(scenario.dumpable.filter { ($0 &* 2_654_435_761) % 7 == 0 }) }
      let sequence = order.sequence(scenario.dumpable, seed: 2)
      let file = TemporaryPath()
      var most = 0
      for pieces in 0..<100_000 {
        var writer = try DiskdumpWriter(
          scenario.description,
          to: DumpOutput(
            file: FileDescriptor.create(file.path, replacing: true), faults: FaultPlan(pieces: pieces)))
        var isComplete = false
        do {
          try run(scenario, sequence, &writer)
          isComplete = true
        } catch is DumpError {}
        guard let dump = try? KdumpDump(file.path) else {
          #expect(!isComplete && most == 0)
          continue
        }
        let inspection = Inspection(dump, of: scenario)
        #expect(inspection.isHonest, "after \(pieces) pieces")
        #expect(dump.header.isIncomplete != isComplete)
        most = max(most, inspection.right.count)
        if isComplete {
          #expect(inspection.right == scenario.expected && inspection.cut.isEmpty)
          break
        }
      }
      #expect(most == scenario.expected.count)
    }

    @Test("Descriptors that lie near to each other are written together")
    func fewWrites() throws {
      let scenario = Scenario(dumpable: Array(0..<4000), codec: .lzo, dumpLevel: 1, batch: 64)
      let sequence = Order.everyOther.sequence(scenario.dumpable, seed: 0)
      func pieces(_ body: (inout DiskdumpWriter) throws -> Void) throws -> Int {
        let file = TemporaryPath()
        let plan = FaultPlan(pieces: 1_000_000)
        var writer = try DiskdumpWriter(
          scenario.description,
          to: DumpOutput(file: FileDescriptor.create(file.path, replacing: true), faults: plan))
        try body(&writer)
        return 1_000_000 - plan.piecesLeft
      }
      let inOrder = try pieces { try scenario.run(&$0) }
      let ranked = try pieces { try run(scenario, sequence, &$0) }
      // Of 63 batches each has twice the descriptors to go over.
      #expect(ranked <= inOrder + 63, "\(ranked) pieces instead of \(inOrder)")
    }
  #endif
}
