/// One thread's way into a ``PageStore``.
open class PageStoreReader {
  /// A page as the store holds it.
  public struct StoredBytes: Hashable, Sendable {
    public var byteCount: Int
    /// `page_desc.flags` of the kdump-compressed format: 0 for a page as it is, else its compressor's bit.
    public var flags: UInt32

    public init(byteCount: Int, flags: UInt32) {
      self.byteCount = byteCount
      self.flags = flags
    }
  }

  public init() {}

  /// Copies a page.
  ///
  /// - Parameter page: exactly a page.
  /// - Throws: ``MemoryError/hole(_:)`` for a frame that the machine did not have,
  ///   ``MemoryError/notInFile(_:)`` for one that was left out, ``MemoryError/damaged(_:reason:)`` where the
  ///   stored bytes are no page, ``MemoryError/unreadable(_:_:)``.
  open func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(MemoryError) {
    preconditionFailure("a store of pages reads them")
  }

  /// Copies a page's bytes as they are stored, where that is as a compressor would have left them.
  ///
  /// - Parameters:
  ///   - flags: the compressor's bit of `page_desc.flags`.
  ///   - bytes: at least a page.
  /// - Returns: nil if the page is stored in another way, and has to be read.
  open func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(MemoryError) -> StoredBytes? {
    nil
  }
}
