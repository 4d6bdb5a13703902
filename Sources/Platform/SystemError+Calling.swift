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
}
