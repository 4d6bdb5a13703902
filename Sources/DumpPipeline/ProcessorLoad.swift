internal import Platform

/// Whether this process leaves processors idle that it could use.
struct ProcessorLoad {
  let processors = Host.usableProcessors()
  private var began = MonotonicClock.microseconds()
  private var used = MonotonicClock.processorMicroseconds()

  /// Long enough for a disk's delays to even out.
  private static let microseconds: UInt64 = 50_000

  /// Whether since it last said something, and for a while at least, a quarter of the processors' time was not used.
  mutating func hasBeenLow() -> Bool {
    let now = MonotonicClock.microseconds()
    guard now - began >= Self.microseconds else { return false }
    let usedNow = MonotonicClock.processorMicroseconds()
    defer { (began, used) = (now, usedNow) }
    return (usedNow - used) * 4 < (now - began) * UInt64(processors) * 3
  }
}
