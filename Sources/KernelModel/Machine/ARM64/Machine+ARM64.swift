internal import DumpMemory

extension Machine {
  /// A kernel's map of its addresses: Documentation/arch/arm64/memory.rst, arch/arm64/include/asm/memory.h of Linux 4.12 to 7.3.
  ///
  /// The linear map of memory is the lower half of the kernel's addresses since 5.4, and was the upper one before. The image,
  /// modules and what vmalloc gives are the other.
  ///
  /// - Throws: ``KernelError`` where VMCOREINFO does not tell it.
  static func arm64(_ info: VMCOREINFO) throws(KernelError) -> Machine {
    let kind = MachineKind.arm64
    guard let geometry = kind.geometry(info) else {
      throw .absent("VMCOREINFO has no PAGESIZE that arm64 can have (4096, 16384, 65536)")
    }
    guard let text = info.symbol("_stext")?.rawValue else {
      throw .absent("VMCOREINFO has no SYMBOL(_stext)")
    }
    let addresses = try ARM64Addresses(info, geometry)
    let unit: UInt64 = 2 << 20
    let modules = addresses.modules(info, text: text)
    return Machine(
      kind: kind, geometry: geometry, code: addresses.code,
      kernelMap: (text & ~(unit - 1)) &- unit,
      // Far more than what is linked into any.
      imageSize: 512 << 20,
      // MIN_KIMG_ALIGN
      imageStep: unit, imageLimit: 512 << 20, unmapsFreedImage: true, modules: modules,
      kernelHalf: addresses.linear, usualDirectMaps: [addresses.linear &- addresses.physicalOffset],
      directMapStep: 1,
      // Without KASAN; a stack of vmalloc has a page at least.
      stackSize: max(16 << 10, UInt64(geometry.size)),
      // 1 GiB in a block, or 16 GiB of 64 KiB pages, or 1 GiB of 16 KiB ones, in contiguous ones (arch/arm64/mm/hugetlbpage.c).
      greatestCompoundOrder: geometry.shift == 14 ? 16 : 18,
      // Before 5.12.
      usualSectionBits: 30, usualAddressBits: geometry.shift == 16 ? 52 : 48, sharesTopTable: false)
  }
}
