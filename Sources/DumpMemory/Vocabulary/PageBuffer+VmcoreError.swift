internal import Platform

extension PageBuffer {
  /// Memory for so many bytes of a vmcore.
  static func allocate(byteCount: Int) throws(VmcoreError) -> PageBuffer {
    try VmcoreError.wrapping { () throws(SystemError) in try PageBuffer(byteCount: byteCount) }
  }
}
