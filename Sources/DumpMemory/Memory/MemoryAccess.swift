/// In which order memory will be read, which decides how much is taken at once and how much is kept.
public enum MemoryAccess: Sendable {
  /// In rising order: pages for the dump, the mem_map.
  case sequential
  /// Here and there: page tables, strings.
  case scattered
}
