internal import MemoryEncryption

extension SMEOptions {
  /// An option that concerns memory encryption.
  enum Setting: Equatable {
    case policy
    case key
    case mode
    case tweaks
    case view
    case region
    case stripping
  }

  /// Takes an option's argument.
  mutating func apply(_ setting: Setting, _ argument: String) throws(CommandLineError) {
    switch setting {
    case .policy:
      policy = try Self.choose(
        Policy(rawValue: argument), option: "--sme", argument: argument, expected: "auto, off or require")
    case .key: keyFile = argument
    case .mode:
      mode = try Self.choose(
        CipherMode(rawValue: argument), option: "--sme-mode", argument: argument, expected: "xe or xex")
    case .tweaks: tweaksFile = argument
    case .view:
      view = try Self.choose(
        CaptureView(rawValue: argument), option: "--sme-view", argument: argument, expected: "c1 or c0")
    case .region:
      region = try Self.choose(
        BackupRegionArgument.parse(argument), option: "--backup-region", argument: argument,
        expected: "ADDR[,SIZE[,SOURCE]] with ADDR a multiple of 16 and SOURCE below 640 KiB")
    case .stripping: strips = true
    }
  }

  private static func choose<Value>(
    _ value: Value?, option: String, argument: String, expected: String
  ) throws(CommandLineError) -> Value {
    guard let value else { throw .argument(option: option, argument, expected: expected) }
    return value
  }
}
