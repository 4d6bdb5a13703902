/// What speaks for a constant.
public enum Check: String, Hashable, Sendable, CaseIterable {
  /// A block that repeats in the class's pages: the constant, if zeros fill them. Counted in blocks.
  case repeated
  /// The constants of classes that are proven, and untouched memory, give this one by linear algebra. Counted in pages
  /// left over.
  case linked
  /// The published table gives the constant for the backup's address. Counted in pages that confirm the table.
  case table
  /// Free pointers that point to objects of their own slab. Counted in pointers.
  case slabs
  /// Addresses of the kernel's image and of its direct map, more than chance would leave. Counted in words.
  case pointers
}
