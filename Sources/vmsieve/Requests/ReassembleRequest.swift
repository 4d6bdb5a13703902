/// One dump of the files of a split one (`--reassemble`).
struct ReassembleRequest: Equatable {
  var parts: [String]
  var output: String
  var overwrites: Bool
  /// Whether pages are copied without a look at them.
  var isUnchecked = false
  /// How many threads check and copy; nil is one a processor.
  var threads: Int?
  /// `--skip-done`: what the file is made of; nil without.
  var record: OutputRecord?
}
