import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Testing

@testable import Diskdump

@Suite("A patched kdump-compressed dump differs from the old one where it must, and nowhere else")
struct KdumpPatchTests {
  /// New contents of every fifth page: noise, zeros, one byte that is another, and what it was.
  private func changes(_ scenario: Scenario) -> [UInt64: [UInt8]] {
    var generator = SeededGenerator(seed: scenario.seed)
    var pages: [UInt64: [UInt8]] = [:]
    for (index, pfn) in scenario.dumpable.enumerated() where index % 5 == 0 {
      var page = scenario.content(pfn)
      switch index / 5 % 4 {
      case 0: for place in page.indices { page[place] = UInt8(truncatingIfNeeded: generator.next()) }
      case 1: page = [UInt8](repeating: 0, count: page.count)
      case 2: page[77] ^= 0x55
      default: break
      }
      pages[pfn] = page
    }
    return pages
  }

  @Test(
    "All pages are as they should be, and no byte but those of changed pages is another",
    arguments: Codec.allCases, [Int32(0), 1])
  func pages(codec: Codec, dumpLevel: Int32) throws {
    let scenario = Scenario.random(seed: 500 + UInt64(dumpLevel), codec: codec, dumpLevel: dumpLevel)
    let image = try DumpImage(scenario)
    let pages = changes(scenario)
    let patched = try PatchedDump(image.bytes, pages)
    #expect(patched.report.changedPages == pages.count { $1 != scenario.content($0) })
    #expect(patched.report.failedPages == 0 && patched.report.isRecorded)
    let dump = try KdumpDump(patched.path)
    for pfn in scenario.dumpable {
      #expect(try dump.page(pfn) == pages[pfn] ?? scenario.content(pfn), "pfn \(pfn)")
    }

    // offset_eraseinfo and size_eraseinfo; descriptors without page_flags; the pages' own bytes.
    var allowed = Set(image.blockSize + 64..<image.blockSize + 80)
    for (index, pfn) in scenario.dumpable.enumerated() where pages[pfn] != nil {
      let place = image.descriptors + index * 24
      allowed.formUnion(place..<place + 16)
      let offset = Int(image[place, as: UInt64.self])
      let isShared = scenario.dumpLevel & 1 != 0 && scenario.content(pfn).allSatisfy { $0 == 0 }
      if !isShared { allowed.formUnion(offset..<offset + Int(image[place + 8, as: UInt32.self])) }
    }
    #expect(patched.changedBytes.allSatisfy(allowed.contains))
  }

  @Test("A page of zeros that shares its place gets a place of its own, and the others stay zeros")
  func sharedZeros() throws {
    let scenario = Scenario(seed: 7, codec: .lzo, dumpLevel: 1)
    let zeros = scenario.dumpable.filter { scenario.content($0).allSatisfy { $0 == 0 } }
    try #require(zeros.count > 10)
    let page = [UInt8](repeating: 7, count: 4096)
    let patched = try PatchedDump(DumpImage(scenario).bytes, [zeros[3]: page])
    #expect(patched.report.appendedPages == 1 && patched.report.changedPages == 1)
    let dump = try KdumpDump(patched.path)
    for pfn in zeros { #expect(try dump.page(pfn).allSatisfy { $0 == (pfn == zeros[3] ? 7 : 0) }) }
  }

  @Test("A page that the dump does not have stays away")
  func excluded() throws {
    var scenario = Scenario(seed: 8, codec: .none, dumpLevel: 0)
    scenario.dumpable.removeAll { $0 % 3 == 0 }
    let page = [UInt8](repeating: 7, count: 4096)
    let patched = try PatchedDump(DumpImage(scenario).bytes, [3: page, 4: page])
    #expect(patched.report.changedPages == 1)
    let dump = try KdumpDump(patched.path)
    #expect(!dump.dumped.contains(3))
    #expect(try dump.page(4) == page)
  }

  @Test("What the erase info said stays, and the new lines follow it")
  func eraseInfo() throws {
    let scenario = Scenario(seed: 9, codec: .zlib, dumpLevel: 1)
    let page = [UInt8](repeating: 7, count: 4096)
    let first = try PatchedDump(DumpImage(scenario).bytes, [1: page], record: "one\n")
    let second = try PatchedDump(first.new, [2: page], record: "two\n")
    #expect(try PhysicalMemory(opening: second.path, prefersMapping: false).origin?.eraseInfo == "one\ntwo\n")
    let third = try PatchedDump(second.new, [2: page], record: "three\n")
    #expect(third.report.changedPages == 0 && third.new == second.new)
  }

  @Test("A dump of header_version 4 has no place for the record")
  func withoutEraseInfo() throws {
    var image = try DumpImage(Scenario(seed: 10, codec: .zlib, dumpLevel: 1))
    image.setVersion(4)
    let patched = try PatchedDump(image.bytes, [1: [UInt8](repeating: 7, count: 4096)])
    #expect(patched.report.changedPages == 1 && !patched.report.isRecorded)
  }

  @Test("A dump that was cut is refused: what is put at its end would be taken for what is missing")
  func cut() throws {
    let bytes = try DumpImage(Scenario(seed: 11, codec: .zlib, dumpLevel: 1)).bytes
    #expect(throws: VmcoreError.self) {
      try PatchedDump(Array(bytes.dropLast(5000)), [1: [UInt8](repeating: 7, count: 4096)])
    }
  }

  @Test("A flattened dump is refused")
  func flattened() throws {
    var flat = FlattenedBuilder()
    flat.add(try DumpImage(Scenario(seed: 12, codec: .zlib, dumpLevel: 1)).bytes, at: 0)
    flat.end()
    #expect(throws: VmcoreError.self) {
      try PatchedDump(flat.bytes, [1: [UInt8](repeating: 7, count: 4096)])
    }
  }

  @Test(
    "Whatever descriptors say, pages that were not to change are as before", arguments: 0..<UInt64(60))
  func hostile(seed: UInt64) throws {
    let scenario = Scenario.random(seed: 600 + seed, codec: Codec.allCases[Int(seed) % 5], dumpLevel: 1)
    var image = try DumpImage(scenario)
    var generator = SeededGenerator(seed: seed)
    // Descriptors that point into each other's bytes, partly or wholly, or are nonsense.
    for _ in 0..<1 + generator.below(40) {
      let count = UInt64(scenario.dumpable.count)
      let place = image.descriptors + Int(generator.below(count)) * 24
      let other = image.descriptors + Int(generator.below(count)) * 24
      switch generator.below(4) {
      case 0: image[place] = generator.next() % UInt64(image.bytes.count)
      case 1: image[place] = image[other, as: UInt64.self]
      case 2: image[place] = image[other, as: UInt64.self] &+ generator.below(64)
      default: image[place + 8] = UInt32(generator.below(5000))
      }
    }
    let before = try image.open()
    var reader = try MemoryReader.sequential(before.memory)
    let pages = changes(scenario)
    guard let patched = try? PatchedDump(image.bytes, pages) else { return }
    let after = try OpenedDump(patched.new)
    var newReader = try MemoryReader.sequential(after.memory)
    for pfn in scenario.dumpable {
      let old = PageReading.of(pfn, &reader)
      let new = PageReading.of(pfn, &newReader)
      if let page = pages[pfn], case .page = old {
        #expect(new == .page(page), "pfn \(pfn)")
      } else {
        #expect(new == old, "pfn \(pfn)")
      }
    }
  }
}
