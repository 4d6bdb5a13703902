import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

@Suite struct TransformTests {
  static let page = 4096

  /// FIPS 197, appendix B: one block, with a table of zeros, is plain AES.
  @Test func `With constants of zero the cipher is the AES of FIPS 197`() {
    var zeros = TweakTable()
    for bit in 4...51 { zeros[bit] = .zero }
    let key = bytes("2b7e151628aed2a6abf7158809cf4f3c")
    let plain = bytes("3243f6a8885a308d313198a2e0370734")
    for mode in [CipherMode.xe, .xex] {
      let cipher = MemoryCipher(key: key, mode: mode, tweaks: zeros)!
      var text = plain
      withMutableBytes(of: &text) { cipher.encrypt(&$0, at: PhysicalAddress(0x7654_3210)) }
      #expect(text == bytes("3925841d02dc09fbdc118597196a0b32"))
      withMutableBytes(of: &text) { cipher.decrypt(&$0, at: PhysicalAddress(0x7654_3210)) }
      #expect(text == plain)
    }
  }

  @Test func `A key of another length and a table without the low constants are refused`() {
    var random = SeededGenerator(seed: 1)
    let table = TweakTable.random(&random)
    if MemoryCipher(key: [1, 2, 3], mode: .xe, tweaks: table) != nil {
      Issue.record("three bytes made a key")
    }
    var holed = table
    holed[11] = nil
    if MemoryCipher(key: [UInt8](repeating: 1, count: 16), mode: .xe, tweaks: holed) != nil {
      Issue.record("a table without t11 was taken")
    }
  }

  /// The one fact that everything keyless rests on.
  @Test func `In XE, what was encrypted at l and decrypted at r is off by T(l ^ r), whatever the key`() {
    var random = SeededGenerator(seed: 2)
    for round in 0..<200 {
      let table = TweakTable.random(&random, periodic: round.isMultiple(of: 2))
      let cipher = MemoryCipher(key: randomBytes(16, &random), mode: .xe, tweaks: table)!
      let l = PhysicalAddress(random.next() & 0xf_ffff_ffff_f000)
      let r = PhysicalAddress(random.next() & 0xf_ffff_ffff_f000)
      let plain = randomBytes(256, &random)
      var seen = plain
      withMutableBytes(of: &seen) { bytes in
        cipher.encrypt(&bytes, at: l)
        cipher.decrypt(&bytes, at: r)
        bytes.xor(table.value(for: l.rawValue ^ r.rawValue)!)
      }
      #expect(seen == plain)
    }
  }

  @Test(arguments: [CipherMode.xe, .xex])
  func `Bytes that lie in two pages are those of each, and what is no block stays`(mode: CipherMode) {
    var random = SeededGenerator(seed: 7)
    let cipher = MemoryCipher(
      key: randomBytes(16, &random), mode: mode, tweaks: TweakTable.random(&random))!
    let start = PhysicalAddress(0x7654_3ff0)
    let plain = randomBytes(4096, &random)
    var whole = plain
    withMutableBytes(of: &whole) { #expect(cipher.encrypt(&$0, at: start)) }
    var first = Array(plain[..<16])
    var rest = Array(plain[16...])
    withMutableBytes(of: &first) { #expect(cipher.encrypt(&$0, at: start)) }
    withMutableBytes(of: &rest) { #expect(cipher.encrypt(&$0, at: start + 16)) }
    #expect(whole == first + rest)
    withMutableBytes(of: &whole) { #expect(cipher.decrypt(&$0, at: start)) }
    #expect(whole == plain)
    for address in [0x1008, 1 << 52, UInt64.max & ~15] {
      withMutableBytes(of: &whole) { #expect(!cipher.encrypt(&$0, at: PhysicalAddress(address))) }
    }
    #expect(whole == plain)
  }

  @Test func `Between PT_LOADs that share a page there are zeros, however many there are`() {
    func load(_ start: UInt64, _ size: UInt64) -> ProgramHeader {
      var bytes = [UInt8](repeating: 0, count: 56)
      bytes.storeLittleEndian(UInt32(1), at: 0)
      bytes.storeLittleEndian(start, at: 24)
      bytes.storeLittleEndian(size, at: 32)
      bytes.storeLittleEndian(size, at: 40)
      return ProgramHeader(bytes.span.bytes, at: 0)!
    }
    var random = SeededGenerator(seed: 8)
    let table = TweakTable.random(&random)
    let cipher = MemoryCipher(key: randomBytes(16, &random), mode: .xe, tweaks: table)!
    let none = PFNRanges([], maxMapNumber: 1 << 20)
    // The second lies inside of the first; the third begins in its last page, and ends in one of its own.
    let loads =
      [load(0x1100, 0xf00), load(0x1200, 0x100), load(0x2000, 0x800), load(0x2c00, 0x1500), load(.max, 4096)]
      + (0..<20_000).map { load(0x10_0000 + $0 * 8192, 2048) }
    let layer = KeyedLayer(
      cipher, view: .decrypted, region: nil, decrypted: none, unmapped: none,
      geometry: PageGeometry(shift: 12),
      loads: loads)
    func zeros(_ pfn: UInt64) -> [Range<Int>] {
      var page = randomBytes(4096, &random)
      withMutableBytes(of: &page) { layer.apply(to: &$0, PFN(pfn)) }
      var ranges: [Range<Int>] = []
      var at = 0
      while at < 4096 {
        let end = page[at...].firstIndex { $0 != 0 } ?? 4096
        if end - at >= 64 { ranges.append(at..<end) }
        at = max(end, at) + 1
      }
      return ranges
    }
    #expect(zeros(1) == [0..<0x100])
    #expect(zeros(2) == [0x800..<0xc00])
    #expect(zeros(3) == [])
    #expect(zeros(4) == [0x100..<0x1000])
    #expect(zeros(0x100) == [0x800..<0x1000] && zeros(0x102) == [0x800..<0x1000])
  }

  @Test func `In XEX no constant undoes the damage`() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<50 {
      let table = TweakTable.random(&random)
      let cipher = MemoryCipher(key: randomBytes(16, &random), mode: .xex, tweaks: table)!
      var seen = [UInt8](repeating: 0, count: Self.page)
      withMutableBytes(of: &seen) { bytes in
        cipher.encrypt(&bytes, at: PhysicalAddress(0x40000))
        cipher.decrypt(&bytes, at: PhysicalAddress(0x73fa_0000))
      }
      let blocks = Set((0..<256).map { seen.span.bytes.block($0) })
      #expect(blocks.count == 256)
    }
  }

  /// Every cell of {view} x {attribute} x {low, other} x {XE, XEX} with the key, against the definition:
  /// M = what DRAM holds, F = what the first kernel reads, V = what the capture kernel reads.
  @Test(arguments: [CipherMode.xe, .xex], [CaptureView.encrypted, .decrypted])
  func `With the key every page comes back`(mode: CipherMode, view: CaptureView) {
    var random = SeededGenerator(seed: 4)
    let backup = BackupRegion(
      source: PhysicalAddress(0x1000), byteCount: 0x9ec00, backup: PhysicalAddress(0x1_2b00_0000))
    for round in 0..<40 {
      let table = TweakTable.random(&random)
      let key = randomBytes(16, &random)
      let cipher = MemoryCipher(key: key, mode: mode, tweaks: table)!
      let transform = PageTransform(
        MemoryCipher(key: key, mode: mode, tweaks: table)!, view: view, region: backup)
      for attribute in [PageAttribute.encrypted, .decrypted, .unknown, .absent] {
        let isLow = round.isMultiple(of: 2)
        let l = PhysicalAddress(
          isLow ? 0x1000 * (1 + random.below(158)) : random.next() & 0xff_ffff_f000 | 1 << 32)
        let r = backup.readAddress(of: l)
        #expect((r != l) == isLow)
        let dram = randomBytes(Self.page, &random)
        var first = dram
        if attribute == .encrypted {
          withMutableBytes(of: &first) { cipher.decrypt(&$0, at: l) }
        }
        let seen = read(dram, at: r, cipher, view)
        var output = seen
        let done = withMutableBytes(of: &output) { transform.apply(to: &$0, at: l, attribute: attribute) }
        switch attribute {
        case .encrypted, .decrypted: #expect(output == first)
        case .unknown:
          #expect(done == .lost)
          #expect(output == seen)
        case .absent:
          #expect(done == .keep)
          #expect(output == seen)
        }
      }
    }
  }

  @Test func `A page whose address has an unknown constant stays as it is`() {
    let key = [UInt8](repeating: 5, count: 16)
    let transform = PageTransform(
      MemoryCipher(key: key, mode: .xe, tweaks: .published)!, view: .decrypted, region: nil)
    var page = [UInt8](repeating: 9, count: Self.page)
    let done = withMutableBytes(of: &page) {
      transform.apply(to: &$0, at: PhysicalAddress(1 << 32), attribute: .encrypted)
    }
    #expect(done == .lost)
    #expect(page == [UInt8](repeating: 9, count: Self.page))
  }

  private func read(
    _ dram: [UInt8], at r: PhysicalAddress, _ cipher: borrowing MemoryCipher, _ view: CaptureView
  ) -> [UInt8] {
    var seen = dram
    if view == .encrypted {
      withMutableBytes(of: &seen) { cipher.decrypt(&$0, at: r) }
    }
    return seen
  }

  private func randomBytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  private func bytes(_ hexadecimal: String) -> [UInt8] {
    stride(from: 0, to: hexadecimal.count, by: 2).map {
      UInt8(hexadecimal.dropFirst($0).prefix(2), radix: 16)!
    }
  }
}
