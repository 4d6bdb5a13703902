import DumpFixtures
import DumpJudge
import DumpPipeline
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Pages that are written group by group")
struct WritePriorityTests {
  private static let frames: UInt64 = 1500

  /// Groups as they lie in a real machine's memory: a page here, a stretch there.
  private func order(tellsKernelApart: Bool = true) throws -> WritePriority {
    var generator = SeededGenerator(seed: 3)
    var foundation = try PFNBitmap(maxMapNumber: Self.frames)
    var memoryMap = try PFNBitmap(maxMapNumber: Self.frames)
    var kernel = try PFNBitmap(maxMapNumber: Self.frames)
    foundation.insert(PFN(700)..<PFN(800))
    foundation.insert(PFN(Self.frames - 1)..<PFN(Self.frames))
    memoryMap.insert(PFN(1000)..<PFN(1100))
    for pfn in 0..<Self.frames where generator.oneIn(3) { kernel.insert(PFN(pfn)..<PFN(pfn + 1)) }
    return WritePriority(
      foundation: foundation, memoryMap: memoryMap, kernel: kernel, tellsKernelApart: tellsKernelApart)
  }

  /// The pfns in the order in which they are to be written.
  private func sequence(_ order: WritePriority) -> [UInt64] {
    WritePriority.Group.allCases.flatMap { group in
      (0..<Self.frames).filter { order.group(of: PFN($0)) == group }
    }
  }

  @Test(
    "Every page has its place and its content, those that cannot be read are left out",
    arguments: [1, 2, 5], [Set<UInt64>(), [0, 1, 63, 700, 701, 1050, 1498, 1499]])
  func complete(threads: Int, lost: Set<UInt64>) throws {
    let machine = try Machine(frames: Int(Self.frames), unreadable: lost)
    let dumped = try DumpedMachine(machine, threads: threads, order: order())
    #expect(dumped.report?.lost.unreadable == UInt64(lost.count))
    let dump = try dumped.open()
    #expect(dump.breaches() == [])
    var right: [UInt64] = []
    dump.forEachPage { pfn, _, result in
      if (try? result.get().elementsEqual(machine.contents[Int(pfn)])) == true { right.append(pfn) }
    }
    #expect(right == (0..<Self.frames).filter { !lost.contains($0) })
    #expect(try dump.fileSize == DumpedMachine(machine, threads: 1).open().fileSize)
  }

  @Test("The pages lie in the file group after group", arguments: [true, false])
  func places(tellsKernelApart: Bool) throws {
    let order = try order(tellsKernelApart: tellsKernelApart)
    let machine = try Machine(frames: Int(Self.frames))
    let dump = try DumpedMachine(machine, sharesZeroPages: false, threads: 3, order: order).open()
    var offsets: [UInt64: UInt64] = [:]
    dump.forEachPage { pfn, descriptor, _ in offsets[pfn] = descriptor?.offset }
    let inOrder = sequence(order).compactMap { offsets[$0] }
    #expect(inOrder.count == Int(Self.frames) && inOrder == inOrder.sorted())
  }

  @Test("A dump that is cut has the first of them, and knows how many of each", arguments: [1, 4])
  func cut(threads: Int) throws {
    let order = try order()
    let machine = try Machine(frames: Int(Self.frames))
    let all = sequence(order)
    let whole = try DumpedMachine(machine, sharesZeroPages: false, threads: 1).bytes.count
    for eighths in 1..<8 {
      let dumped = try DumpedMachine(
        machine, sharesZeroPages: false, threads: threads, sizeLimit: UInt64(whole * eighths / 8),
        order: order)
      #expect(dumped.report == nil)
      let dump = try dumped.open()
      #expect(dump.breaches() == [])
      var right: Set<UInt64> = []
      dump.forEachPage { pfn, _, result in
        if (try? result.get().elementsEqual(machine.contents[Int(pfn)])) == true { right.insert(pfn) }
      }
      #expect(right == Set(all.prefix(right.count)))
      let groups = try #require(dumped.groups)
      for group in WritePriority.Group.allCases {
        let pages = all.filter { order.group(of: PFN($0)) == group }
        #expect(groups.wanted(group) == UInt64(pages.count))
        #expect(groups.present(group) == UInt64(pages.count { right.contains($0) }), "\(group)")
      }
    }
  }

  @Test("Without an order there are no groups to speak of")
  func none() throws {
    #expect(try DumpedMachine(Machine(frames: 10), threads: 1).groups == nil)
  }
}
