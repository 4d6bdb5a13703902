/// The text of a progress line, in makedumpfile's format.
struct ProgressLine: Equatable {
  var name: String
  /// Tenths of a percent, 0 to 1000.
  var promille: UInt64
  /// How many lines were drawn before: the last character turns with them.
  var turn: Int
  /// How much longer it takes, in seconds; nil where nobody knows.
  var secondsLeft: UInt64?

  var text: String {
    let percent = String(promille / 10).aligned(toColumns: 3) + "." + String(promille % 10)
    let spinner = ["/", "|", "\\", "-"][turn % 4]
    let estimate = secondsLeft.map(Self.estimate) ?? ""
    return name.padded(toColumns: 50) + ": [" + percent + " %] " + spinner + "  "
      + estimate.aligned(toColumns: 16)
  }

  /// A duration in its two largest units.
  static func estimate(_ seconds: UInt64) -> String {
    let minutes = seconds / 60
    let hours = minutes / 60
    let days = hours / 24
    if seconds < 100 { return "eta: \(seconds)s" }
    if minutes < 100 { return "eta: \(minutes)m\(seconds % 60)s" }
    if hours < 48 { return "eta: \(hours)h\(minutes % 60)m" }
    if days < 100 { return "eta: \(days)d\(hours % 24)h" }
    return "eta: >100day"
  }

  /// How far the work is, in tenths of a percent; 1000 only when all is done.
  static func promille(done: UInt64, total: UInt64) -> UInt64 {
    guard done < total else { return 1000 }
    return total.dividingFullWidth(done.multipliedFullWidth(by: 1000)).quotient
  }

  /// What is left, if the rest goes as fast as what is done; nil while nothing is.
  static func secondsLeft(promille: UInt64, elapsedMicroseconds: UInt64) -> UInt64? {
    guard promille > 0 else { return nil }
    return elapsedMicroseconds / promille * (1000 - min(promille, 1000)) / 1_000_000
  }
}
