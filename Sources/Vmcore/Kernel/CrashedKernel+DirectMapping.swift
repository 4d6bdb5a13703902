extension CrashedKernel {
  /// Where the kernel maps all physical memory, by the kernel's generation: `__PAGE_OFFSET` with four levels of
  /// page tables since 4.20 and before, and with five.
  private static let usualOffsets: [UInt64] = [
    0xffff_8880_0000_0000, 0xffff_8800_0000_0000, 0xff11_0000_0000_0000, 0xff10_0000_0000_0000,
  ]

  /// The virtual address of physical address 0 (`page_offset_base`); nil where the page tables do not confirm it.
  public func directMapping(_ physical: PhysicalMemory, _ memory: inout KernelMemory) -> UInt64? {
    var candidates: [UInt64] = []
    // KASLR moves it, and then the kernel has it in a variable.
    if let symbols = try? KernelSymbols(["page_offset_base"], of: self, &memory),
      let place = symbols.address(of: "page_offset_base"), let base = try? memory.word(place)
    {
      candidates.append(base)
    }
    for candidate in candidates + Self.usualOffsets {
      for range in physical.frames.ranges {
        let address = physical.geometry.address(of: range.lowerBound)
        let virtual = VirtualAddress(candidate &+ address.rawValue)
        if let found = try? memory.translate(virtual), found == address { return candidate }
      }
    }
    return nil
  }
}
