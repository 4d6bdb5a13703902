/// Where a kernel's symbols and types may come from, besides its own memory.
public struct KernelSources: Sendable {
  /// What VMCOREINFO tells.
  public let facts: KernelFacts
  /// What the user named.
  public let files: KernelFiles

  public init(_ facts: KernelFacts, files: KernelFiles = KernelFiles()) {
    self.facts = facts
    self.files = files
  }
}
