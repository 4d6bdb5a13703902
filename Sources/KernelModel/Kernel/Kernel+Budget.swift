internal import DumpMemory

extension Kernel {
  /// More things of a size than the dump can hold, whatever its lists and page tables claim.
  ///
  /// A page of a kdump-compressed dump takes 24 bytes of the file at least (`page_desc`).
  ///
  /// - Parameter size: bytes of one; what is smaller than a word counts as one.
  func mostObjects(of size: Int) -> Int {
    let page = UInt64(geometry.size)
    let (stored, overflow) = physical.fileSize.multipliedReportingOverflow(by: page / 24 + 1)
    let memory = physical.frames.count.multipliedReportingOverflow(by: page)
    let bytes = min(overflow ? .max : stored, memory.overflow ? .max : memory.partialValue)
    return Int(clamping: bytes / UInt64(max(size, 8)))
  }
}
