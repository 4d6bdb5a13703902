internal import DumpMemory
public import KernelModel

/// Whose confidential computing a kernel found itself in: `enum cc_vendor` (arch/x86/coco/core.c, from Linux 5.16).
public enum ConfidentialVendor: String, Hashable, Sendable {
  case amd
  /// Hyper-V, which hides the bit that tells private memory from shared (vTOM); up to 6.3.
  case hyperV
  /// TDX
  case intel

  /// What to ask ``Kernel`` for. Up to 6.3 the variable was static and called `vendor`.
  public static let symbols = ["cc_vendor", "vendor", "cc_mask"] + KernelTypes.symbols

  /// How far from each other the file's two variables may lie: others are called `vendor` as well.
  private static let neighbourhood: UInt64 = 64

  /// - Returns: nil for a kernel that is no such guest, or does not say so.
  public init?(_ symbols: KernelSymbols, in memory: inout KernelMemory) {
    guard let place = Self.place(symbols), let word = try? memory.word(place) else { return nil }
    let value = Int64(word & 0xffff_ffff)
    var names = symbols.enumerations(named: ["cc_vendor"], &memory)["cc_vendor"] ?? [:]
    // Intel was 3 while there was Hyper-V, and is 2 since: without the names 2 may be either.
    if names.isEmpty { names = ["CC_VENDOR_AMD": 1, "CC_VENDOR_INTEL": 3] }
    if value == names["CC_VENDOR_AMD"] {
      self = .amd
    } else if value == names["CC_VENDOR_INTEL"] {
      self = .intel
    } else if value == names["CC_VENDOR_HYPERV"] {
      self = .hyperV
    } else {
      return nil
    }
  }

  private static func place(_ symbols: KernelSymbols) -> VirtualAddress? {
    if let exported = symbols.address(of: "cc_vendor") { return exported }
    guard let named = symbols.address(of: "vendor"), let mask = symbols.address(of: "cc_mask") else {
      return nil
    }
    let (low, high) = (min(named.rawValue, mask.rawValue), max(named.rawValue, mask.rawValue))
    return high - low <= neighbourhood ? named : nil
  }
}
