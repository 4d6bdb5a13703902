/// What a vmcore tells of the crash, and about memory encryption.
struct InspectRequest: Equatable {
  enum Form: Equatable {
    case text
    /// `--json`
    case json
    /// `--ndjson`: one object on one line, also of a vmcore that cannot be read.
    case line
  }

  var memory: MemoryRequest
  var form: Form
  /// `--html`: a page that is to be written besides.
  var page: String?
  /// Whether a file of its name gives way.
  var overwrites: Bool
}
