/// Whether every page of a dump can be read.
struct VerifyRequest: Equatable {
  /// The dump, or all files of a split one.
  var dumps: [String]
  var usesJSON: Bool
}
