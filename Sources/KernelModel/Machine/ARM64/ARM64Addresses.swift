internal import DumpMemory

/// Where an arm64 kernel maps what, and how many bits of an address its tables translate.
struct ARM64Addresses {
  /// VA_BITS, with which the kernel was built.
  private let bits: UInt64
  /// Those that are translated on this processor.
  let translatedBits: UInt64
  /// PAGE_OFFSET: where the linear map begins.
  let linear: UInt64
  /// PHYS_OFFSET (`memstart_addr`): what is mapped there, in two's complement. It may lie below all memory, and below zero.
  let physicalOffset: UInt64
  /// The image, modules and what vmalloc gives.
  let code: ClosedRange<UInt64>

  init(_ info: VMCOREINFO, _ geometry: PageGeometry) throws(KernelError) {
    guard let text = info.symbol("_stext")?.rawValue,
      let bits = info.number("VA_BITS").flatMap({ UInt64(exactly: $0) }),
      let physicalOffset = info.number("PHYS_OFFSET")
    else { throw .absent("VMCOREINFO has no SYMBOL(_stext), NUMBER(VA_BITS) or NUMBER(PHYS_OFFSET)") }
    guard [36, 39, 42, 47, 48, 52].contains(bits) else {
      throw .malformed("NUMBER(VA_BITS) is \(bits); arm64 has 36, 39, 42, 47, 48 or 52")
    }
    self.bits = bits
    self.physicalOffset = UInt64(bitPattern: physicalOffset)
    func fromEnd(_ bits: UInt64) -> UInt64 { 0 &- (1 << bits) }
    if text < fromEnd(bits - 1) {
      // Before 5.4.
      linear = fromEnd(bits - 1)
      code = fromEnd(bits)...linear - 1
    } else {
      linear = fromEnd(bits)
      // PAGE_END: what every processor can translate (VA_BITS_MIN), less the linear map's half.
      let least: UInt64 = bits == 52 ? (geometry.shift == 14 ? 47 : 48) : bits
      let end = info.number("VMEMMAP_START").map { UInt64(bitPattern: $0) } ?? 0
      // Not exported before 5.18; a struct page has 64 bytes at most.
      let vmemmap = end > text ? end : fromEnd(bits - (geometry.shift - 6))
      let start = fromEnd(least - 1)
      guard start <= text, text < vmemmap else {
        throw .malformed(
          "_stext lies at \(VirtualAddress(text)), where a kernel of \(bits) bits has no image")
      }
      code = start...vmemmap - 1
    }
    guard let register = info.number("TCR_EL1_T1SZ").flatMap({ UInt64(exactly: $0) }) else {
      translatedBits = bits
      return
    }
    // With pages of 64 KiB the tables have room for all of VA_BITS, whatever the processor translates. With smaller ones a kernel
    // of 52 bits leaves levels out where the processor has no FEAT_LPA2 (arch/arm64/kernel/pi/map_kernel.c).
    let actual = 64 &- register
    guard (25...52).contains(actual), actual <= bits else {
      throw .malformed("NUMBER(TCR_EL1_T1SZ) is \(register) with \(bits) bits of addresses")
    }
    translatedBits = geometry.shift == 16 ? bits : actual
  }

  /// Where modules are without KASLR, which since 6.5 keeps to that too: nothing where the kernel does not say, or where its image
  /// is there.
  func modules(_ info: VMCOREINFO, text: UInt64) -> Range<UInt64> {
    guard let start = info.number("MODULES_VADDR"), let end = info.number("MODULES_END") else { return 0..<0 }
    let (first, last) = (UInt64(bitPattern: start), UInt64(bitPattern: end))
    guard first < last, code.contains(first), code.contains(last), !(first..<last).contains(text) else {
      return 0..<0
    }
    return first..<last
  }
}
