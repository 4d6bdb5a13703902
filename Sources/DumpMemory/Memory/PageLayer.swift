/// Something that lies between the bytes in the file and what the crashed kernel saw, such as memory encryption.
///
/// Modules above this one give their own by overriding. A layer is shared by all threads.
open class PageLayer: @unchecked Sendable {
  public init() {}

  /// Whether the layer changes a page's bytes.
  open func changes(_ pfn: PFN) -> Bool { false }

  /// Changes a page's bytes, from what the layer below gave.
  open func apply(to page: inout MutableRawSpan, _ pfn: PFN) {}
}
