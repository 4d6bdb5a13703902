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
  /// How the page was mapped is not known, and nothing in it shows that it was encrypted.
  case attributeUnknown
  /// No evidence gives the page's constant.
  case undetermined
  /// There is a constant, but fewer than two independent checks speak for it.
  case unconfirmed
  /// The page's own content speaks against the constant.
  case contradicted
  /// Where the backup lies could be answered in several ways that differ for this page.
  case ambiguous
}
