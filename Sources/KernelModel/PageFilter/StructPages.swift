internal import DumpMemory

/// `struct page`s of consecutive frames, lent out of a buffer, with the tests that the rules are made of.
///
/// The loads are unchecked: ``PageRules`` has made sure that every offset lies inside SIZE(page), and the
/// caller that the index lies inside the buffer. 268 million of them make a terabyte.
@safe
struct StructPages: ~Escapable {
  private let bytes: RawSpan
  private let rules: PageRules

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, rules: PageRules) {
    self.bytes = bytes
    self.rules = rules
  }

  @inline(__always)
  private func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ index: Int, offset: Int, as type: Value.Type
  ) -> Value {
    unsafe bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: index &* rules.pageSize &+ offset, as: type)
  }

  @inline(__always)
  func flags(_ index: Int) -> UInt64 { load(index, offset: rules.flags, as: UInt64.self) }

  @inline(__always)
  func mapcount(_ index: Int) -> UInt32 {
    rules.mapcount.map { load(index, offset: $0, as: UInt32.self) } ?? 0
  }

  @inline(__always)
  func privateWord(_ index: Int) -> UInt64 {
    rules.privateWord.map { load(index, offset: $0, as: UInt64.self) } ?? .max
  }

  @inline(__always)
  func isTail(_ index: Int) -> Bool {
    rules.compoundHead.map { load(index, offset: $0, as: UInt64.self) & 1 != 0 } ?? false
  }

  @inline(__always)
  func isSlab(_ flags: UInt64, mapcount: UInt32) -> Bool {
    flags & rules.slab != 0 || rules.slabType?.matches(mapcount) ?? false
  }

  /// Anonymous memory. Slab pages use the word for something else.
  @inline(__always)
  func isAnonymous(_ index: Int, isSlab: Bool) -> Bool {
    load(index, offset: rules.mapping, as: UInt64.self) & PageRules.anonymous != 0 && !isSlab
  }

  @inline(__always)
  func isCache(_ flags: UInt64) -> Bool {
    flags & rules.lru != 0
      || (flags & rules.swapCache != 0 && (rules.swapBacked == 0 || flags & rules.swapBacked != 0))
  }

  /// The order of the compound page that a frame heads, and whether it is hugetlbfs's.
  ///
  /// - Returns: nil where the order is none that the frame can have.
  func compound(_ index: Int, pfn: PFN, mapcount: UInt32) -> (order: UInt64, isHugetlb: Bool)? {
    let order: UInt64
    let isHugetlb: Bool
    let next = index &+ 1
    switch rules.compound {
    case .unknown: return (0, false)
    case .secondFlags(let hugetlb, let bit):
      let flags = load(next, offset: rules.flags, as: UInt64.self)
      order = flags & 0xff
      isHugetlb = hugetlb?.matches(mapcount) ?? (flags & bit != 0)
    case .bytes(let orderOffset, let destructor, let hugetlb):
      order = UInt64(load(next, offset: orderOffset, as: UInt8.self))
      isHugetlb = hugetlb == UInt64(load(next, offset: destructor, as: UInt8.self))
    case .words(let orderOffset, let destructor, let hugetlb):
      order = UInt64(load(next, offset: orderOffset, as: UInt16.self))
      isHugetlb = hugetlb == UInt64(load(next, offset: destructor, as: UInt16.self))
    case .pointers(let orderOffset, let destructor, let hugetlb):
      order = load(next, offset: orderOffset, as: UInt64.self)
      isHugetlb = hugetlb == load(next, offset: destructor, as: UInt64.self)
    }
    guard order <= rules.greatestCompoundOrder, pfn.rawValue & (1 << order - 1) == 0 else { return nil }
    return (order, isHugetlb)
  }
}
