/// An input that a corpus begins with.
public struct FuzzSeed: Sendable {
  public let name: String
  public let bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}
