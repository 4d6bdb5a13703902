/// One thread's way into a ``PageStore``.
public protocol PageStoreReader: AnyObject {
  /// Copies a page.
  ///
  /// - Parameter page: exactly a page.
  /// - Throws: ``MemoryError/hole(_:)`` for a frame that the machine did not have,
  ///   ``MemoryError/notInFile(_:)`` for one that was left out, ``MemoryError/damaged(_:reason:)`` where the
  ///   stored bytes are no page, ``MemoryError/unreadable(_:_:)``.
  func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(MemoryError)

  /// Copies a page's bytes as they are stored, where that is as a compressor would have left them.
  ///
  /// - Parameters:
  ///   - flags: the compressor's bit of `page_desc.flags`.
  ///   - bytes: at least a page.
  /// - Returns: nil if the page is stored in another way, and has to be read.
  func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(MemoryError) -> StoredBytes?
}
