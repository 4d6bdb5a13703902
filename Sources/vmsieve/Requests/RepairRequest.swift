/// A dump as it is, but for what memory encryption did to it, and for what is broken.
struct RepairRequest: Equatable {
  /// Its path is that of the first file of ``dumps``.
  var memory: MemoryRequest
  /// The dump, or what is left of a split one.
  var dumps: [String]
  var output: String
  var overwrites: Bool
  /// `--check-sum`: the manifest of the dump as it was.
  var checked: String?
  /// How many threads read; nil is as many as there are usable processors.
  var threads: Int?
  /// `--skip-done`: what the file is made of; nil without.
  var record: OutputRecord?
}
