/// Where a page's bytes lie in the dump (`struct page_desc`).
public struct PageDescriptor: Hashable, Sendable {
  public static let byteCount = 24

  /// `struct page_desc`
  private enum Layout {
    static var offset: Field<UInt64> { Field(0) }
    static var size: Field<UInt32> { Field(8) }
    static var flags: Field<UInt32> { Field(12) }
    static var pageFlags: Field<UInt64> { Field(16) }
  }

  /// File offset; 0 is a page that is missing because the dump is incomplete.
  public var offset: UInt64
  /// Bytes stored.
  public var size: UInt32
  public var flags: PageDescriptorFlags

  public init(offset: UInt64, size: UInt32, flags: PageDescriptorFlags) {
    self.offset = offset
    self.size = size
    self.flags = flags
  }

  /// The page is missing.
  public static let missing = PageDescriptor(offset: 0, size: 0, flags: .raw)

  /// The page could not be read when its bit was written already: four bytes of the dump's header, said to be a
  /// zlib stream, which every reader refuses.
  ///
  /// An offset or a size of zero would not do: makedumpfile then goes on with the bytes of another page, and
  /// where it puts split files together it believes any size.
  package static let unreadable = PageDescriptor(offset: 8, size: 4, flags: .zlib)

  /// Writes all 24 bytes; `page_flags` is zero.
  public func encode(into output: inout MutableRawSpan, at position: Int) {
    Layout.offset.store(offset, in: &output, at: position)
    Layout.size.store(size, in: &output, at: position)
    Layout.flags.store(flags.rawValue, in: &output, at: position)
    Layout.pageFlags.store(0, in: &output, at: position)
  }

  /// Reads it; there must be all of it.
  package init(decoding bytes: RawSpan) {
    offset = Layout.offset.load(from: bytes)
    size = Layout.size.load(from: bytes)
    flags = PageDescriptorFlags(rawValue: Layout.flags.load(from: bytes))
  }
}
