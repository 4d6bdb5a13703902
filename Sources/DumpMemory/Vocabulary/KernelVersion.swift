/// A Linux release, as far as the layout of its structures follows from it.
public struct KernelVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let major: Int
  public let minor: Int
  public let patch: Int

  public init(_ major: Int, minor: Int, patch: Int = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Reads `6.1.0-49-amd64`, `5.14.0-503.el9.x86_64`, `7.1-rc3`; nil if it does not begin with two numbers.
  public init?(release: some StringProtocol) {
    var numbers: [Int] = []
    for part in release.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false) {
      let digits = part.prefix { $0 >= "0" && $0 <= "9" }
      guard let number = Int(digits) else { break }
      numbers.append(number)
      if digits.count != part.count { break }
    }
    guard numbers.count >= 2 else { return nil }
    self.init(numbers[0], minor: numbers[1], patch: numbers.count > 2 ? numbers[2] : 0)
  }

  public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }

  public var description: String { "\(major).\(minor).\(patch)" }
}
