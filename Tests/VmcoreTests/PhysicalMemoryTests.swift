import DumpFixtures
import DumpMemory
import Foundation
import Testing

@testable import KernelModel

@Suite struct PhysicalMemoryTests {
  /// What memory holds at an address, the same in every segment that covers it.
  private static func byte(_ paddr: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: (paddr &* 0x9e37_79b9_7f4a_7c15) >> 40)
  }

  private static func segment(
    _ range: Range<UInt64>, vaddr: UInt64? = nil, memorySize: UInt64? = nil
  ) -> ELFSegment {
    ELFSegment(
      vaddr: vaddr ?? 0xffff_8880_0000_0000 + range.lowerBound, paddr: range.lowerBound,
      data: range.map(byte),
      memorySize: memorySize)
  }

  private static func open(_ segments: [ELFSegment], prefersMapping: Bool = true) throws -> OpenedVmcore {
    var builder = ELFBuilder()
    builder.segments = segments
    return try OpenedVmcore(builder.build(), prefersMapping: prefersMapping)
  }

  @Test(arguments: [true, false])
  func `a page is read from the segment that holds it, mapped or not`(prefersMapping: Bool) throws {
    let core = try Self.open(
      [Self.segment(0x1000..<0x4000), Self.segment(0x10_0000..<0x10_2000)], prefersMapping: prefersMapping)
    for pfn in [1, 2, 3, 0x100, 0x101] as [UInt64] {
      let expected = (pfn << 12..<(pfn + 1) << 12).map(Self.byte)
      #expect(try core.memory.page(pfn).get() == expected)
    }
    #expect(try core.memory.page(0).errorKind == .hole)
    #expect(try core.memory.page(4).errorKind == .hole)
    #expect(core.memory.frames.maxMapNumber == 0x102)
    #expect(core.memory.frames.count == 5)
  }

  @Test func `a page that segments share is put together, and its rest is zeros`() throws {
    let core = try Self.open([Self.segment(0x1200..<0x1400), Self.segment(0x1800..<0x2100)])
    var expected = [UInt8](repeating: 0, count: 4096)
    for paddr in Array(0x1200..<0x1400) + Array(0x1800..<0x2000) as [UInt64] {
      expected[Int(paddr - 0x1000)] = Self.byte(paddr)
    }
    #expect(try core.memory.page(1).get() == expected)
    #expect(Array(try core.memory.page(2).get()[..<0x100]) == (0x2000..<0x2100).map { Self.byte($0) })
    #expect(core.memory.frames.count == 2)
  }

  @Test func `a page that lies in two segments counts once, and the image's frames are known`() throws {
    let core = try Self.open([
      Self.segment(0x2000..<0x4000, vaddr: 0xffff_ffff_8100_0000), Self.segment(0..<0x8000),
    ])
    #expect(core.memory.frames.count == 8)
    #expect(Machine.x86_64.image(in: core.memory).ranges == [PFN(2)..<PFN(4)])
    for pfn in 0..<UInt64(8) {
      #expect(try core.memory.page(pfn).get() == (pfn << 12..<(pfn + 1) << 12).map(Self.byte))
    }
  }

  @Test func `a segment whose physical address is all ones is passed over`() throws {
    var nowhere = Self.segment(0..<0x1000)
    nowhere.paddr = .max
    let core = try Self.open([nowhere, Self.segment(0x5000..<0x6000)])
    #expect(core.memory.frames.ranges == [PFN(5)..<PFN(6)])
    #expect(core.memory.segments.implausibleSegments.isEmpty)
  }

  @Test func `memory beyond p_filesz is known, and its bytes are not in the file`() throws {
    let core = try Self.open([Self.segment(0x1000..<0x2800, memorySize: 0x4000)])
    #expect(core.memory.frames.ranges == [PFN(1)..<PFN(5)])
    #expect(try core.memory.page(1).errorKind == nil)
    #expect(try core.memory.page(2).errorKind == .notInFile)
    #expect(try core.memory.page(3).errorKind == .notInFile)
    #expect(try core.memory.page(5).errorKind == .hole)
  }

  @Test func `a segment with bytes fills in for one without`() throws {
    let empty = ELFSegment(vaddr: 0, paddr: 0, data: [], memorySize: 0x4000)
    let core = try Self.open([empty, Self.segment(0x1000..<0x3000)])
    #expect(try core.memory.page(0).errorKind == .notInFile)
    #expect(try core.memory.page(1).get() == (0x1000..<0x2000).map(Self.byte))
    #expect(try core.memory.page(2).get() == (0x2000..<0x3000).map(Self.byte))
    #expect(try core.memory.page(3).errorKind == .notInFile)
  }

  @Test func `p_filesz larger than p_memsz brings no memory`() throws {
    let core = try Self.open([Self.segment(0x1000..<0x4000, memorySize: 0x1000)])
    #expect(core.memory.frames.ranges == [PFN(1)..<PFN(2)])
  }

  @Test func `of a file that was cut, pages before the cut are read and the lost bytes are counted`() throws {
    var builder = ELFBuilder()
    builder.segments = [Self.segment(0..<0x4000)]
    var image = builder.build()
    image.bytes.removeLast(0x1800)
    let core = try OpenedVmcore(image)
    #expect(core.memory.segments.bytesPastEndOfFile == 0x1800)
    #expect(try core.memory.page(1).get() == (0x1000..<0x2000).map(Self.byte))
    #expect(try core.memory.page(2).errorKind == .notInFile)
    #expect(try core.memory.page(3).errorKind == .notInFile)
  }

  @Test func `what is cut off a file while it is read is unreadable, and the rest is read`() throws {
    let core = try Self.open([Self.segment(0..<0x20000)])
    var reader = try MemoryReader.scattered(core.memory)
    let before = Self.word(0x1000, &reader)
    try core.truncate(to: core.memory.fileSize - 0x10000)
    let lost = Self.word(0x1f000, &reader)
    #expect(before == Self.expectedWord(0x1000))
    #expect(lost == nil)
    for address in stride(from: UInt64(0), to: 0xf000, by: 0x1000) {
      let word = Self.word(address, &reader)
      #expect(word == Self.expectedWord(address))
    }
    let lostToo = Self.word(0x1e000, &reader)
    #expect(lostToo == nil)
    #expect(try core.memory.page(0x1f).errorKind == .unreadable)
    #expect(try core.memory.page(3).get() == (0x3000..<0x4000).map(Self.byte))
  }

  @Test(arguments: [true, false])
  func `holes of a sparse file are pages of zeros that nobody reads`(isScattered: Bool) throws {
    let core = try Self.openSparse(hole: 0x4000..<0x1000_0000, end: 0x1000_8000)
    var reader =
      try isScattered ? MemoryReader.scattered(core.memory) : MemoryReader.sequential(core.memory)
    let before = try Self.bytesRead()
    var wrong = 0
    for pfn in UInt64(0)..<0x1_0008 {
      let isHole = (4..<0x1_0000).contains(pfn)
      let isRight = try reader.withPage(PFN(pfn)) { page in
        (0..<4096).allSatisfy {
          page.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
            == (isHole ? 0 : Self.byte(pfn << 12 + UInt64($0)))
        }
      }
      if !isRight { wrong += 1 }
    }
    #expect(wrong == 0)
    // A window around each of the two stretches that have bytes.
    #expect(try Self.bytesRead() - before < 1 << 20)
  }

  @Test func `a hole that is cut off a file before anybody came there is unreadable`() throws {
    let core = try Self.openSparse(hole: 0x4000..<0x40_0000, end: 0x40_0000)
    var reader = try MemoryReader.sequential(core.memory)
    let first = Self.word(0x1000, &reader)
    #expect(first == Self.expectedWord(0x1000))
    try core.truncate(to: core.memory.fileSize - 0x10_0000)
    let cut = Self.word(0x38_0000, &reader)
    #expect(cut == nil)
  }

  /// A dump of memory from 0 on, a part of which is a hole of the file.
  private static func openSparse(hole: Range<UInt64>, end: UInt64) throws -> OpenedVmcore {
    var builder = ELFBuilder()
    builder.segments = [segment(0..<hole.lowerBound)]
    builder.segments[0].claimedFileSize = end
    return try OpenedVmcore(builder.build()) { file in
      let start = try file.seekToEnd() - hole.lowerBound
      try file.truncate(atOffset: start + end)
      try file.seek(toOffset: start + hole.upperBound)
      try file.write(contentsOf: Data((hole.upperBound..<end).map(byte)))
    }
  }

  /// Bytes that this thread has asked read(2) and its like for.
  private static func bytesRead() throws -> Int {
    let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar: ") })
    return try #require(Int(line.dropFirst("rchar: ".count)))
  }

  /// A word, or nil where it is unreadable.
  private static func word(_ address: UInt64, _ reader: inout MemoryReader) -> UInt64? {
    try? reader.word(PhysicalAddress(address))
  }

  private static func expectedWord(_ address: UInt64) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(byte(address + UInt64($1))) << UInt64($1 * 8) }
  }

  /// 0x602770ecf000 is where a real machine of 5 levels has its last RAM.
  @Test(arguments: [0x2100_0000_0000, 0x6027_70ec_f000, 1 << 52 - 0x1000] as [UInt64])
  func `memory at any address of 52 bits is read`(address: UInt64) throws {
    var high = Self.segment(0..<0x1000)
    high.paddr = address
    let core = try Self.open([Self.segment(0x1000..<0x2000), high])
    #expect(core.memory.segments.implausibleSegments.isEmpty)
    #expect(core.memory.frames.count == 2 && core.memory.frames.maxMapNumber == address >> 12 + 1)
    #expect(try core.memory.page(address >> 12).get() == (0..<0x1000).map(Self.byte))
  }

  @Test func `segments whose numbers overflow are named and not read`() throws {
    var wrapping = Self.segment(0..<0x1000)
    wrapping.paddr = .max - 0x7ff
    var high = Self.segment(0..<0x1000)
    high.paddr = 1 << 52
    var offset = Self.segment(0..<0x1000)
    offset.claimedOffset = 1 << 63
    var far = Self.segment(0..<0x1000)
    far.claimedOffset = .max - 0x7ff
    var huge = Self.segment(0..<0x1000)
    huge.memorySize = .max
    let core = try Self.open([wrapping, high, offset, far, huge, Self.segment(0x3000..<0x4000)])
    #expect(core.memory.segments.implausibleSegments.count == 5)
    #expect(core.memory.frames.ranges == [PFN(3)..<PFN(4)])
  }

  @Test func `a word may cross the border of two segments`() throws {
    let core = try Self.open([Self.segment(0..<0x1004), Self.segment(0x1004..<0x2000)])
    var reader = try MemoryReader.scattered(core.memory)
    let word = try reader.word(PhysicalAddress(0x1000))
    #expect(word == Self.expectedWord(0x1000))
  }

  @Test(arguments: 0..<UInt64(40))
  func `any layout of segments reads as a byte-by-byte model says`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let limit: UInt64 = 0x10000
    var segments: [ELFSegment] = []
    var inFile: Set<UInt64> = []
    var known: Set<UInt64> = []
    for _ in 0..<1 + generator.below(12) {
      let start = generator.below(limit - 1)
      let end = start + 1 + generator.below(min(limit - start, 0x5000))
      let present = start + (generator.oneIn(2) ? end - start : generator.below(end - start + 1))
      segments.append(Self.segment(start..<present, memorySize: end - start))
      known.formUnion(start..<end)
      inFile.formUnion(start..<present)
    }
    let core = try Self.open(segments, prefersMapping: generator.oneIn(2))
    for pfn in 0..<limit >> 12 {
      let addresses = pfn << 12..<(pfn + 1) << 12
      let result = try core.memory.page(pfn)
      if !addresses.contains(where: known.contains) {
        #expect(result.errorKind == .hole)
      } else if !addresses.allSatisfy({ inFile.contains($0) || !known.contains($0) }) {
        #expect(result.errorKind == .notInFile)
      } else {
        #expect(try result.get() == addresses.map { inFile.contains($0) ? Self.byte($0) : 0 })
      }
      #expect(core.memory.frames.contains(PFN(pfn)) == addresses.contains(where: known.contains))
    }
  }
}
