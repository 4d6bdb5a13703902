public import KernelModel
public import Platform

/// Why memory encryption cannot be undone: each case with the place and the cause.
public enum EncryptionError: Error, CustomStringConvertible {
  /// A table of tweak constants that is none; the line, counted from 1.
  case table(line: Int, String)
  /// A file of the user's that is not what it should be.
  case unusable(path: String, String)
  /// What the key would do, and must not.
  case impossible(String)
  case kernel(KernelError)
  case system(SystemError)

  public var description: String {
    switch self {
    case .table(let line, let what): "line \(line): \(what)"
    case .unusable(let path, let what): "\(path): \(what)"
    case .impossible(let what): what
    case .kernel(let error): error.description
    case .system(let error): error.description
    }
  }
}
