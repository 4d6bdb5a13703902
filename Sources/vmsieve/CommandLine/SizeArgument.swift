internal import CLinux

/// A number of bytes as makedumpfile takes it: decimal, `0x` hexadecimal or `0` octal, then at most one of
/// K M G T P E, for powers of 1024.
enum SizeArgument {
  /// Returns nil for 0, for anything after the suffix, and for a size that its suffix makes larger than 64
  /// bits (makedumpfile takes what is left of it after the overflow). As with makedumpfile, -1 is no limit.
  static func parse(_ text: String) -> UInt64? {
    var suffix = ""
    let number = unsafe text.withCString { start in
      var end: UnsafeMutablePointer<CChar>?
      let value = unsafe strtoull(start, &end, 0)
      if let end = unsafe end { suffix = unsafe String(cString: end) }
      return UInt64(value)
    }
    guard let shift = shift(of: suffix) else { return nil }
    let (size, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow || size == 0 ? nil : size
  }

  private static func shift(of suffix: String) -> UInt64? {
    switch suffix {
    case "": 0
    case "K", "k": 10
    case "M", "m": 20
    case "G", "g": 30
    case "T", "t": 40
    case "P", "p": 50
    case "E", "e": 60
    default: nil
    }
  }
}
