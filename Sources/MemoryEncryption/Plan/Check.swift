/// An independent reason to believe a constant. Two of them make a class acceptable.
public enum Check: String, Hashable, Sendable, CaseIterable {
  /// A block that repeats in the class's pages: zeros that the kernel wrote. Counted in blocks.
  case repeated
  /// Other classes' constants and untouched memory give the same one by linear algebra. Counted in equations left over.
  case linked
  /// The published table gives the same constant for the backup's address.
  case table
  /// Free pointers that point to objects of their own slab. Counted in pointers.
  case slabs
  /// Kernel addresses, more than chance would leave. Counted in words.
  case pointers
  /// Zero words in blocks that are not all zero, more than any other word there. Counted in words.
  case words
  /// Words that are common in the pages already believed. Counted in words.
  case vocabulary
  /// Every page of one repeated block that was checked otherwise is zero, and this is one more. Counted in those
  /// pages: a likelihood and no proof, which counts only beside ``repeated`` and after many of them.
  case likeness

  /// Whether the check looks at content in its own right, not just at how constants relate to each other.
  var isAbsolute: Bool {
    switch self {
    case .table, .slabs, .pointers, .words: true
    case .repeated, .linked, .vocabulary, .likeness: false
    }
  }
}
