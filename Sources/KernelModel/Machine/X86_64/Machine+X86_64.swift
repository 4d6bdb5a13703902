internal import DumpMemory

extension Machine {
  /// Documentation/arch/x86/x86_64/mm.rst, for four and for five levels of page tables.
  public static let x86_64 = Machine(
    kind: .x86_64, geometry: PageGeometry(shift: 12), code: 0xffff_ffff_8000_0000 ... .max,
    // __START_KERNEL_map
    kernelMap: 0xffff_ffff_8000_0000,
    imageSize: 1 << 30,
    // CONFIG_PHYSICAL_ALIGN is no less.
    imageStep: 2 << 20,
    imageLimit: 2 << 30, unmapsFreedImage: false,
    // MODULES_VADDR without KASLR to MODULES_END
    modules: 0xffff_ffff_a000_0000..<0xffff_ffff_ff00_0000,
    kernelHalf: 0xff00_0000_0000_0000,
    // __PAGE_OFFSET with four levels since 4.20 and before, and with five.
    usualDirectMaps: [
      0xffff_8880_0000_0000, 0xffff_8800_0000_0000, 0xff11_0000_0000_0000, 0xff10_0000_0000_0000,
    ],
    // arch/x86/mm/kaslr.c
    directMapStep: 1 << 30,
    // Without KASAN.
    stackSize: 16 << 10,
    // 1 GiB
    greatestCompoundOrder: 18,
    usualSectionBits: 27, usualAddressBits: 46, sharesTopTable: true)
}
