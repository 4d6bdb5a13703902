import DumpJudge
import DumpMemory
import KernelModel
import PageCompression
import Testing

@Suite("The pipeline takes every page to the dump, in order, with any number of threads")
struct DumpPipelineTests {
  @Test("Every page of the dump is the machine's", arguments: Codec.allCases, [1, 2, 5])
  func content(codec: Codec, threads: Int) throws {
    let machine = try Machine(frames: 700)
    let dump = try DumpedMachine(machine, codec: codec, threads: threads).open()
    var wrong: [UInt64] = []
    var pages = 0
    dump.forEachPage { pfn, _, result in
      pages += 1
      if (try? result.get().elementsEqual(machine.contents[Int(pfn)])) != true { wrong.append(pfn) }
    }
    #expect(pages == 700)
    #expect(wrong == [])
    #expect(dump.breaches() == [])
  }

  @Test("The number of threads changes not a byte", arguments: [2, 3, 8, 33], [0, 1, 63, 64, 65, 1000])
  func sameBytes(threads: Int, frames: Int) throws {
    let machine = try Machine(frames: max(frames, 1), seed: UInt64(frames))
    let alone = try DumpedMachine(machine, threads: 1).bytes
    #expect(try DumpedMachine(machine, threads: threads).bytes == alone)
  }

  @Test("No threads, and fewer than none, are the calling thread", arguments: [0, -1])
  func noThreads(threads: Int) throws {
    let machine = try Machine(frames: 100)
    #expect(try DumpedMachine(machine, threads: threads).bytes == DumpedMachine(machine, threads: 1).bytes)
  }

  @Test("Pages of zeros are counted, and shared where that was asked for", arguments: [true, false], [1, 3])
  func zeroPages(areShared: Bool, threads: Int) throws {
    let machine = try Machine(frames: 500)
    let zeros = machine.contents.count { !$0.contains { $0 != 0 } }
    #expect(zeros > 50)
    let dumped = try DumpedMachine(machine, sharesZeroPages: areShared, threads: threads)
    #expect(dumped.report?.zeroPages == (areShared ? UInt64(zeros) : 0))
    var offsets: [UInt64: Int] = [:]
    try dumped.open().forEachPage { _, descriptor, _ in offsets[descriptor?.offset ?? 0, default: 0] += 1 }
    #expect(offsets.values.max() == (areShared ? zeros : 1))
  }

  @Test("A page that cannot be read is counted, named and left out; the dump goes on", arguments: [1, 2, 7])
  func unreadable(threads: Int) throws {
    let lost: Set<UInt64> = [0, 63, 64, 100, 101, 102, 599]
    let machine = try Machine(frames: 600, unreadable: lost)
    let dumped = try DumpedMachine(machine, threads: threads)
    let report = try #require(dumped.report)
    #expect(report.lost.unreadable == 7)
    #expect(report.writtenPages == 593)
    #expect(report.lost.firstFailure?.pfn == PFN(0))
    let dump = try dumped.open()
    #expect(dump.breaches() == [])
    var pages: [UInt64] = []
    dump.forEachPage { pfn, _, result in
      if (try? result.get().elementsEqual(machine.contents[Int(pfn)])) == true { pages.append(pfn) }
    }
    #expect(pages == (0..<600).filter { !lost.contains($0) })
  }

  @Test("A machine of which nothing can be read makes a dump of nothing", arguments: [1, 2])
  func nothingReadable(threads: Int) throws {
    let machine = try Machine(frames: 300, unreadable: Set(0..<300))
    let dumped = try DumpedMachine(machine, threads: threads)
    #expect(dumped.report?.lost.unreadable == 300)
    #expect(dumped.report?.writtenPages == 0)
    #expect(try dumped.open().breaches() == [])
  }

  @Test("The first error ends the dump, which is marked, and every thread with it", arguments: [1, 2, 16])
  func full(threads: Int) throws {
    let machine = try Machine(frames: 3000)
    let whole = try DumpedMachine(machine, threads: 1).bytes.count
    let dumped = try DumpedMachine(machine, threads: threads, sizeLimit: UInt64(whole / 2))
    #expect(dumped.report == nil)
    guard case .write(let error)? = dumped.error else {
      Issue.record("no error of writing")
      return
    }
    #expect(error.meansNoSpace)
    let dump = try dumped.open()
    #expect(dump.header.status & 8 == 8)
    var wrong: [UInt64] = []
    var right = 0
    dump.forEachPage { pfn, _, result in
      switch result {
      case .success(let page):
        if page.elementsEqual(machine.contents[Int(pfn)]) { right += 1 } else { wrong.append(pfn) }
      case .failure(.cut): break
      case .failure: wrong.append(pfn)
      }
    }
    #expect(wrong == [])
    #expect(right > 1000)
  }

  @Test("At the deadline the dump is closed: what it has is right, and it is marked", arguments: [1, 2, 5])
  func deadline(threads: Int) throws {
    let machine = try Machine(frames: 3000)
    let dumped = try DumpedMachine(machine, threads: threads, pagesInTime: 1000)
    guard case .deadline? = dumped.error else {
      Issue.record("\(String(describing: dumped.error))")
      return
    }
    let dump = try dumped.open()
    #expect(dump.header.isIncomplete)
    var (right, missing, wrong) = (0, 0, 0)
    dump.forEachPage { pfn, _, result in
      switch result {
      case .success(let page):
        if page.elementsEqual(machine.contents[Int(pfn)]) { right += 1 } else { wrong += 1 }
      case .failure(.cut): missing += 1
      case .failure: wrong += 1
      }
    }
    #expect(wrong == 0 && right + missing == 3000)
    // It comes while a batch is written, or before.
    #expect((64...1024).contains(right))
    #expect(dumped.progress.last?.done == UInt64(right))
  }

  @Test("Progress rises to all pages, those that could not be read included", arguments: [1, 4])
  func progress(threads: Int) throws {
    let calls = try DumpedMachine(
      Machine(frames: 1000, unreadable: [5, 500]), threads: threads
    ).progress
    #expect(calls.count == 16)
    #expect(calls.map(\.done) == calls.map(\.done).sorted())
    #expect(calls.last?.done == 1000)
    #expect(calls.allSatisfy { $0.total == 1000 })
  }
}
