public import PageCompression

/// How a writer takes pages: what makes them ready keeps to it.
public struct PageForm: Hashable, Sendable {
  /// In which order pages may come, if not in that of their frames.
  public enum Order: Hashable, Sendable {
    /// Any, each page with its rank.
    case any
    /// In long stretches.
    ///
    /// - Parameters:
    ///   - gap: frames between two stretches that are taken along.
    ///   - most: stretches of a group.
    ///   - byRank: whether each page comes with its rank; else its frame is enough.
    case stretches(joining: UInt64, most: Int, byRank: Bool)
  }

  /// What pages are compressed with.
  public var codec: Codec
  /// At which of its levels; nil for the usual one.
  public var level: Int32?
  /// Whether pages that a dump has of the codec are compressed anew; else they are copied as they are.
  public var recompresses: Bool
  /// Whether pages of zeros come as ``StoredPage/zero``; else they are pages as any other.
  public var sharesZeroPages: Bool
  public var order: Order

  public init(
    codec: Codec, level: Int32? = nil, recompresses: Bool = false, sharesZeroPages: Bool, order: Order
  ) {
    self.codec = codec
    self.level = level
    self.recompresses = recompresses
    self.sharesZeroPages = sharesZeroPages
    self.order = order
  }
}
