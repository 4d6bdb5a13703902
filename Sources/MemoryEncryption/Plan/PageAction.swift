/// What is done to one page of the low region.
public enum PageAction: Hashable, Sendable {
  /// Every block is XORed with the constant.
  case xor(Block)
  case leave(LeaveReason)
}

/// Why a page's bytes stay as they are.
public enum LeaveReason: String, Hashable, Sendable, CaseIterable {
  /// The region is as the first kernel saw it.
  case undamaged
  /// The dump has no bytes for the page.
  case absent
  /// The first kernel had mapped the page without encryption: only the key could bring it back.
  case mappedDecrypted
  /// The page's DRAM is zeros that nobody encrypted: the first kernel never wrote it, or its copy was never made. What it saw
  /// there was noise, and another noise is no better.
  case neverWritten
  /// Nothing gives its constant, and the kernel, which kept the page reserved from boot on, had nothing in it.
  case neverUsed
  /// How the page was mapped is not known, and nothing in it shows that it was encrypted.
  case attributeUnknown
  /// No evidence gives the page's constant.
  case undetermined
  /// There is a constant, but nothing proves it.
  case unconfirmed
  /// The page's own content speaks against the constant.
  case contradicted
  /// Where the backup lies could be answered in several ways that differ for this page.
  case ambiguous

  /// Whether content of the crashed kernel may be lost by it.
  public var isLoss: Bool {
    switch self {
    case .undamaged, .absent, .neverWritten, .neverUsed: false
    case .mappedDecrypted, .attributeUnknown, .undetermined, .unconfirmed, .contradicted, .ambiguous: true
    }
  }

  /// For messages.
  public var sentence: String {
    switch self {
    case .undamaged: "as the crashed kernel saw it"
    case .absent: "not in the dump"
    case .mappedDecrypted: "the crashed kernel had mapped it decrypted: only the key could bring it back"
    case .neverWritten: "nobody ever wrote it: what the crashed kernel saw in it was noise too"
    case .neverUsed: "the crashed kernel kept it reserved and never used it"
    case .attributeUnknown: "how the crashed kernel had mapped it is not known"
    case .undetermined: "nothing in the dump determines its constant"
    case .unconfirmed: "nothing proves its constant"
    case .contradicted: "its own content speaks against the constant"
    case .ambiguous: "the places where the backup may lie give different constants"
    }
  }
}
