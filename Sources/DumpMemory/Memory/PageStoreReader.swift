/// One thread's way into a ``PageStore``.
public protocol PageStoreReader: AnyObject {
  /// Copies a page.
  ///
  /// - Parameter page: exactly a page.
  /// - Throws: ``VmcoreError/hole(_:)`` for a frame that the machine did not have,
  ///   ``VmcoreError/notInFile(_:)`` for one that was left out, ``VmcoreError/damaged(_:reason:)`` where the
  ///   stored bytes are no page, ``VmcoreError/unreadable(_:_:)``.
  func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError)

  /// Copies a page's bytes as they are stored, where that is as a compressor would have left them.
  ///
  /// - Parameters:
  ///   - flags: the compressor's bit of `page_desc.flags`.
  ///   - bytes: at least a page.
  /// - Returns: nil if the page is stored in another way, and has to be read.
  func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes?
}
