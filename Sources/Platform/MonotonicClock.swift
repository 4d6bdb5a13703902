internal import CLinux

/// Time that never jumps, for durations and estimates.
public enum MonotonicClock {
  /// Microseconds since some moment in the past. The corresponding C function is `clock_gettime`.
  public static func microseconds() -> UInt64 { time(of: CLOCK_MONOTONIC) }

  /// Microseconds of all processors that this process has used. The corresponding C function is `clock_gettime`.
  public static func processorMicroseconds() -> UInt64 { time(of: CLOCK_PROCESS_CPUTIME_ID) }

  private static func time(of clock: clockid_t) -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(clock, &now)
    return UInt64(now.tv_sec) * 1_000_000 + UInt64(now.tv_nsec) / 1000
  }
}
