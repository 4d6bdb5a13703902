public import DumpMemory
public import Platform

/// What the page filter did, frame by frame. Every frame is counted once.
public struct FilterReport: Sendable {
  /// Frames left out, by reason.
  private var excluded: [6 of UInt64] = .init(repeating: 0)
  /// Of the free frames, those of unaccepted memory.
  public internal(set) var unaccepted: UInt64 = 0
  /// Frames of the kernel's image that a rule would have left out, and that were kept.
  public internal(set) var keptInKernelImage: UInt64 = 0
  /// Frames of the kernel's image that the kernel freed after boot, and that are judged like others.
  public internal(set) var freedOfKernelImage: UInt64 = 0
  /// What is known of them, in words.
  public internal(set) var kernelImageEvidence: String?
  /// Frames of named processes that a rule would have left out, and that were kept.
  public internal(set) var keptOfProcesses: UInt64 = 0
  /// Free pages with an order that the buddy allocator does not have; kept.
  public internal(set) var invalidFreeOrders: UInt64 = 0
  /// Compound pages with an order that their place does not allow; taken for single pages.
  public internal(set) var invalidCompoundOrders: UInt64 = 0
  /// Frames whose `struct page` could not be read; kept.
  public internal(set) var unreadableStructPages: UInt64 = 0
  /// Frames whose `struct page` was looked at.
  public internal(set) var examined: UInt64 = 0
  /// Frames left out because the file has no bytes for them (p_filesz < p_memsz, or the file was cut).
  public var notInFile: UInt64 = 0
  /// Whether an earlier dump may have left out all free pages, so that to find none is no surprise.
  var mayLackFreePages = false
  /// Rules that were not applied, since they would have left out frames that every reader needs.
  public internal(set) var droppedRules: DumpLevel = []
  /// Slabs that were seen.
  var slabs: UInt64 = 0
  /// What the reader of the dump must know: guesses, limits, implausible results; a line each.
  public internal(set) var warnings: [String] = []
  /// What this machine refused while pages were judged: without that, other pages might be left out.
  public internal(set) var refusal: SystemError?
  /// Whether pages may have been kept or left out wrongly, and not only some few.
  public internal(set) var isDoubtful = false

  public init() {}

  public internal(set) subscript(reason: ExclusionReason) -> UInt64 {
    get { excluded[reason.rawValue] }
    set { excluded[reason.rawValue] = newValue }
  }
}
