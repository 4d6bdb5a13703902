/// Which classes of messages are printed: the bits of `--message-level`.
struct MessageLevel: OptionSet, Equatable {
  var rawValue: UInt8

  static let progress = MessageLevel(rawValue: 1)
  static let common = MessageLevel(rawValue: 2)
  static let error = MessageLevel(rawValue: 4)
  static let debug = MessageLevel(rawValue: 8)
  static let report = MessageLevel(rawValue: 16)

  static let `default`: MessageLevel = [.progress, .common, .error]

  init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The level that a user asked for; nil if it is not 0 to 31.
  init?(_ number: Int32) {
    guard (0...31).contains(number) else { return nil }
    self.init(rawValue: UInt8(number))
  }
}
