/// What a vmcore tells of the crash, and about memory encryption.
struct InspectRequest: Equatable {
  var memory: MemoryRequest
  var usesJSON: Bool
  /// `--html`: a page that is to be written besides.
  var page: String?
  /// Whether a file of its name gives way.
  var overwrites: Bool
}
