/// What a page of a synthetic kernel was made to be, from which the words of its `struct page` follow.
public enum PageUse: Sendable, Hashable {
  /// In use by the kernel, and not one of the kinds below; never left out.
  case kernel
  case free
  case unaccepted
  /// Page cache. `hasPrivate` is PG_private: buffers or other data hang off the page.
  case cache(hasPrivate: Bool)
  case anonymous
  case hugetlb
  case slab
  case offline

  /// Whether a dump of this level leaves such a page out; poison and the kernel's image are not its business.
  public func isExcluded(level: Int) -> Bool {
    switch self {
    case .kernel, .slab: false
    case .free, .unaccepted: level & 16 != 0
    case .cache(let hasPrivate): level & 4 != 0 || (level & 2 != 0 && !hasPrivate)
    case .anonymous, .hugetlb: level & 8 != 0
    case .offline: true
    }
  }
}
