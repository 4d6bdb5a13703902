public import Vmcore

/// Whether the crashed kernel filled the pages that it freed with 0xaa (`page_poison=1`, CONFIG_PAGE_POISONING).
public enum PagePoisoning {
  /// What to ask ``KernelSymbols`` for: a static key (mm/page_poison.c; since 5.11 by the first name, since 5.3 by the
  /// second), a bool before; `crashk_res` is in every kernel that can have a capture kernel, and tells that symbols were
  /// found at all.
  public static let symbols = ["_page_poisoning_enabled", "want_page_poisoning", "crashk_res"]

  /// - Returns: nil if the kernel's symbols are not known.
  public static func isOn(_ symbols: KernelSymbols, _ memory: inout KernelMemory) -> Bool? {
    if let key = symbols.address(of: "_page_poisoning_enabled") ?? symbols.address(of: "want_page_poisoning")
    {
      // struct static_key begins with the count of who enabled it, which is 1.
      return (try? memory.word(key)).map { UInt8(truncatingIfNeeded: $0) != 0 }
    }
    return symbols.address(of: "crashk_res") == nil ? nil : false
  }
}
