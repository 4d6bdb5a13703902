internal import Platform

extension MappedBuffer {
  /// Memory for so many bytes of a vmcore.
  static func allocate(byteCount: Int) throws(VmcoreError) -> MappedBuffer {
    try VmcoreError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: byteCount) }
  }
}
