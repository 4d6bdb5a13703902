/// Why a file cannot be judged at all.
public struct JudgeError: Error, CustomStringConvertible {
  public let description: String

  init(_ path: String, _ reason: String) {
    description = "\(path): \(reason)"
  }
}
