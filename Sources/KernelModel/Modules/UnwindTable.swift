internal import DumpMemory

/// Where the kernel or a module has its ORC tables.
struct UnwindTable: Sendable {
  /// Distances of 32 bits, each from its own place (`.orc_unwind_ip`).
  let addresses: VirtualAddress
  /// `.orc_unwind`
  let entries: VirtualAddress
  let count: Int
}
