public import DumpMemory

/// What became of the pages that were to change in a copy of a dump.
public struct PatchReport: Sendable {
  /// Pages whose bytes are others than before.
  public internal(set) var changedPages: UInt64 = 0
  /// Of these, those of a kdump-compressed dump that did not fit into their old place and lie at the end of the file.
  public internal(set) var appendedPages: UInt64 = 0
  /// Pages that stay, as they cannot be read, or not be changed without changing another page.
  public internal(set) var failedPages: UInt64 = 0
  /// The first of these, in order, and why.
  public internal(set) var failures: [(pfn: PFN, reason: VmcoreError)] = []
  /// Whether the dump says what was done; an ELF core has no place for it.
  public internal(set) var isRecorded = false

  static let mostFailures = 16

  mutating func fail(_ pfn: PFN, reason: VmcoreError) {
    failedPages += 1
    if failures.count < Self.mostFailures { failures.append((pfn, reason)) }
  }
}
