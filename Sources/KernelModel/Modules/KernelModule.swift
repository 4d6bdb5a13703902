public import DumpMemory

/// A module that was loaded when the kernel crashed.
public struct KernelModule: Sendable {
  /// Of the `struct module`.
  public let address: VirtualAddress
  public let name: String
  public let taint: Taint
  /// Where its code begins: `module.mem[MOD_TEXT].base`, `module.core_layout.base` before 6.4.
  public let text: VirtualAddress
  /// Bytes of all that it holds in memory, as lsmod shows them.
  public let byteCount: UInt64
  /// Stretches of addresses that are its own.
  public let stretches: [Range<UInt64>]
  /// Others that use it, as lsmod shows them; nil while it comes or goes.
  public let uses: Int?
  /// `LIVE`, `COMING`, `GOING` or `UNFORMED`.
  public let state: String
  /// `module.version`; nil where it has none.
  public let version: String?
  /// Its ORC tables; nil where it has none.
  let unwindTable: UnwindTable?

  func contains(_ address: UInt64) -> Bool { stretches.contains { $0.contains(address) } }
}
