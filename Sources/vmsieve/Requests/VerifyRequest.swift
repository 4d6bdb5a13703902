/// Whether every page of a dump can be read, and whether it is what it was.
struct VerifyRequest: Equatable {
  /// The dump, or all files of a split one.
  var dumps: [String]
  var usesJSON: Bool
  /// How many threads read; nil is as many as there are usable processors.
  var threads: Int?
  /// `--sum`: the manifest that is to be written.
  var written: String?
  /// Whether a file of its name gives way.
  var overwrites: Bool
  /// `--check-sum`: the manifest that the pages are compared with.
  var checked: String?
}
