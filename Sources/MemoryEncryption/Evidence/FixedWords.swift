internal import DumpMemory

/// Words of low pages that the kernel fills by a rule of its own, and what they may then be.
struct FixedWords: Sendable {
  private let region: LowRegion
  private let pages: Set<Int>
  private let values: [UInt64]
  /// By page, the words' addresses.
  private var addresses: [Int: [UInt64]] = [:]

  init(_ region: LowRegion, pages: Set<Int>, values: [UInt64]) {
    self.region = region
    self.pages = pages
    self.values = values
  }

  /// Adds aligned words; those outside of the pages are ignored.
  mutating func add(_ words: some Sequence<UInt64>) {
    for address in words {
      guard let page = region.page(of: PhysicalAddress(address)), pages.contains(page) else { continue }
      addresses[page, default: []].append(address)
    }
  }

  /// Whether most of them that lie in a page are something else under a constant.
  func denies(_ page: Int, constant: Block) -> Bool {
    guard let own = addresses[page] else { return false }
    let right = own.count { address in
      region.word(at: address, without: constant).map { values.contains($0) } ?? true
    }
    return 2 * right < own.count
  }
}
