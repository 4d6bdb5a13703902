/// What came out of an input and must not.
public struct FuzzFinding: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }

  /// Fails where a condition does not hold.
  static func unless(_ condition: Bool, _ description: @autoclosure () -> String) throws(FuzzFinding) {
    if !condition { throw FuzzFinding(description()) }
  }
}
