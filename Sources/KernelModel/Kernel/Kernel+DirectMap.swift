internal import DumpMemory

extension Kernel {
  /// What to ask ``symbols(_:)`` for early, where ``directMap`` will be wanted.
  public static let directMapSymbols = ["page_offset_base"]

  /// Where the kernel maps physical address 0: by a PT_LOAD of memory, or, in a dump whose PT_LOADs have no virtual
  /// addresses, by `page_offset_base`.
  func findDirectMap() -> UInt64? {
    // VMCOREINFO tells it.
    if machine.kind == .arm64 { return machine.usualDirectMaps[0] }
    // Those of a hypervisor are made from page tables that may be another kernel's.
    let areOwn = !facts.wasReplaced(in: physical)
    for load in physical.loads
    where areOwn && !load.hasNoPhysicalAddress && !machine.isInImage(load.virtualAddress.rawValue) {
      let base = load.virtualAddress.rawValue &- load.physicalAddress.rawValue
      if machine.canBeDirectMap(base) { return base }
    }
    guard let variable = symbolsAtHand(Self.directMapSymbols).address(of: "page_offset_base"),
      var memory = try? memory(), let base = try? memory.word(variable), machine.canBeDirectMap(base)
    else { return nil }
    return base
  }

  /// The same where the page tables confirm it, also without symbols if KASLR did not move it; else nil.
  public var confirmedDirectMap: UInt64? {
    guard var memory = try? memory() else { return nil }
    let candidates = (directMap.map { [$0] } ?? []) + machine.usualDirectMaps
    for candidate in candidates {
      for range in physical.frames.ranges {
        let address = geometry.address(of: range.lowerBound)
        let virtual = VirtualAddress(candidate &+ address.rawValue)
        if let found = try? memory.translate(virtual), found == address { return candidate }
      }
    }
    return nil
  }
}
