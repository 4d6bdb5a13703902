/// Where a dump goes.
enum Destination: Equatable {
  case file(String)
  /// stdout, in the flattened form (`-F`).
  case stream
  /// The files of a split dump, two or more.
  ///
  /// - Parameter block: what stays together, in KiB; 0 leaves the choice to the program.
  case files([String], block: Int32)

  /// One file of a split dump, as if all of them were written.
  case part(String, SplitPart, block: Int32)

  var isStream: Bool { self == .stream }

  /// The files that are to be written.
  var paths: [String] {
    switch self {
    case .file(let path), .part(let path, _, _): [path]
    case .stream: []
    case .files(let paths, _): paths
    }
  }

  /// What messages call it.
  var name: String {
    switch self {
    case .file(let path), .part(let path, _, _): path
    case .stream: "STDOUT"
    case .files(let paths, _): paths.dropLast().joined(separator: ", ") + ", and " + (paths.last ?? "")
    }
  }
}
