/// A page's bytes as a dump holds them.
public struct StoredBytes: Hashable, Sendable {
  public var byteCount: Int
  /// `page_desc.flags` of the kdump-compressed format: 0 for a page as it is, else its compressor's bit.
  public var flags: UInt32

  public init(byteCount: Int, flags: UInt32) {
    self.byteCount = byteCount
    self.flags = flags
  }
}
