/// A file of a flattened dump that comes from stdin (`-R`).
struct RearrangeRequest: Equatable {
  var output: String
  var overwrites: Bool
  /// Whether what arrived of a stream that was cut is kept.
  var keepsPartial: Bool
}
