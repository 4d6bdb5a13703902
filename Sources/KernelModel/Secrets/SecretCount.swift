/// What was found of one kind of secrets.
public struct SecretCount: Sendable {
  /// `keyrings`, `file /etc/shadow`
  public let name: String
  /// What is counted, in the plural: "keys".
  public let things: String
  public internal(set) var count = 0
  /// Bytes that are erased where they were found; a byte that two kinds have counts twice.
  public internal(set) var bytes: UInt64 = 0
  /// Why there is nothing to find in this kernel; nil where it was looked for.
  public internal(set) var absence: String?
  /// What else is to be known, such as what may be missing.
  public internal(set) var remarks: [String] = []

  init(_ name: String, _ things: String) {
    self.name = name
    self.things = things
  }

  /// In a line.
  public var text: String {
    if let absence { return "secrets \(name): passed over: \(absence)" }
    let found = "secrets \(name): \(count) \(things), \(bytes) bytes"
    return remarks.isEmpty ? found : found + "; " + remarks.joined(separator: "; ")
  }
}
