/// What to leave out of a dump (`-d`): the sum of what is named.
public struct DumpLevel: OptionSet, Hashable, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) {
    self.rawValue = rawValue
  }

  /// Pages filled with zeros: they stay described, and share one stored page.
  public static let zeroPages = DumpLevel(rawValue: 1)
  /// Page cache without private data.
  public static let cache = DumpLevel(rawValue: 2)
  /// Page cache, with private data (buffers of a filesystem) too.
  public static let privateCache = DumpLevel(rawValue: 4)
  /// Anonymous memory and hugetlbfs: the data of processes.
  public static let userData = DumpLevel(rawValue: 8)
  /// Pages that the buddy allocator holds, and memory that was never accepted.
  public static let freePages = DumpLevel(rawValue: 16)

  /// The levels for which the kernel's mem_map must be known.
  public static let needingMemoryMap: DumpLevel = [.cache, .privateCache, .userData, .freePages]
}
