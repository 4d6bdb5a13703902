/// Where a page's bytes lie in the dump (`struct page_desc`).
public struct PageDescriptor: Hashable, Sendable {
  public static let byteCount = 24

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
    output.storeBytes(of: offset.littleEndian, toByteOffset: position, as: UInt64.self)
    output.storeBytes(of: size.littleEndian, toByteOffset: position + 8, as: UInt32.self)
    output.storeBytes(of: flags.rawValue.littleEndian, toByteOffset: position + 12, as: UInt32.self)
    output.storeBytes(of: 0, toByteOffset: position + 16, as: UInt64.self)
  }
}
