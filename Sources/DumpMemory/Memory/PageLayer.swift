/// Something that lies between the bytes in the file and what the crashed kernel saw, such as memory encryption.
///
/// A layer is shared by all threads.
public protocol PageLayer: AnyObject, Sendable {
  /// Whether the layer changes a page's bytes.
  func changes(_ pfn: PFN) -> Bool

  /// Changes a page's bytes, from what the layer below gave.
  func apply(to page: inout MutableRawSpan, _ pfn: PFN)
}
