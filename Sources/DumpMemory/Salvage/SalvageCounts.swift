/// What became of the pages of a broken dump.
public struct SalvageCounts: Hashable, Sendable {
  /// Pages of the second bitmap.
  public internal(set) var pages: UInt64 = 0
  /// Those that are where their descriptors say.
  public internal(set) var whole: UInt64 = 0
  /// Those of which the descriptors say nothing or something wrong, and that were found by their own bytes.
  public internal(set) var recovered: UInt64 = 0
  /// Those of which the same holds, and that are zeros: the dump has no room for them, where it has room for all others.
  public internal(set) var recoveredZeros: UInt64 = 0
  /// Lost, as the file has no bytes of them: it was cut, or a file of a split dump is missing.
  public internal(set) var absent: UInt64 = 0
  /// Lost, as their bytes are no page.
  public internal(set) var damaged: UInt64 = 0
  /// Pages that could be read, and are not what the manifest says; they are among those that were lost or found elsewhere.
  public internal(set) var changed: UInt64 = 0
  /// Lost, as another page claims the same bytes with more or as much right.
  public internal(set) var contested: UInt64 = 0
  /// Lost, as nothing proves that they are right: they are stored raw beside a page that is damaged, or are said to be zeros
  /// where bytes were found that are somebody's.
  public internal(set) var doubtful: UInt64 = 0
  /// Lost, as their descriptors are lost, and nothing proves which bytes are theirs.
  public internal(set) var undescribed: UInt64 = 0

  init() {}

  public var lost: UInt64 { pages - whole - recovered - recoveredZeros }

  mutating func add(_ other: SalvageCounts) {
    pages += other.pages
    whole += other.whole
    recovered += other.recovered
    recoveredZeros += other.recoveredZeros
    absent += other.absent
    damaged += other.damaged
    changed += other.changed
    contested += other.contested
    doubtful += other.doubtful
    undescribed += other.undescribed
  }
}
