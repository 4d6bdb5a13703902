internal import CLinux

extension SystemError {
  /// Makes a call of the C library, again for as long as a signal interrupts it.
  ///
  /// - Parameters:
  ///   - operation: the C name of the call.
  ///   - subject: the path, or another name of what it works on.
  ///   - call: returns what the C function does; below 0 it has failed and left `errno`.
  /// - Returns: what the last call returned, 0 or more.
  @discardableResult
  @inline(__always)
  static func calling<Number: SignedInteger>(
    _ operation: StaticString, subject: String, _ call: () -> Number
  ) throws(SystemError) -> Number {
    while true {
      let result = call()
      if result >= 0 { return result }
      let code = Errno.current
      if code != .interrupted { throw SystemError("\(operation)", subject: subject, code: code) }
    }
  }

  /// Makes a call on a stream, and waits where it would have to: whoever has the other end of a pipe or the same terminal
  /// may have set it not to block (O_NONBLOCK).
  ///
  /// - Parameters:
  ///   - descriptor: the stream's.
  ///   - events: of poll(2), what is waited for.
  ///   - call: as in ``calling(_:subject:_:)``.
  static func streaming<Number: SignedInteger>(
    _ operation: StaticString, subject: String, _ descriptor: Int32, for events: Int32, _ call: () -> Number
  ) throws(SystemError) -> Number {
    // What says that it is ready and never is must not be waited for without an end.
    var refusals = 0
    while true {
      do throws(SystemError) { return try calling(operation, subject: subject, call) } catch {
        guard error.code.rawValue == EAGAIN, refusals < mostRefusals,
          clinux_wait_until_ready(descriptor, Int16(events)) > 0
        else { throw error }
        refusals += 1
      }
    }
  }

  private static let mostRefusals = 1000
}
