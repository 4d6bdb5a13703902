/// How one page's bytes are stored (`page_desc.flags`): no bit for a raw page, and never two.
public struct PageDescriptorFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let raw: PageDescriptorFlags = []
  /// A zlib stream (RFC 1950).
  public static let zlib = PageDescriptorFlags(rawValue: 0x01)
  /// An LZO1X block.
  public static let lzo = PageDescriptorFlags(rawValue: 0x02)
  /// A snappy block.
  public static let snappy = PageDescriptorFlags(rawValue: 0x04)
  /// A Zstandard frame (RFC 8878).
  public static let zstd = PageDescriptorFlags(rawValue: 0x20)
}
