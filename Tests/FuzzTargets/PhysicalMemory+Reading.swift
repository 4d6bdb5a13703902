import DumpMemory
import Platform

extension PhysicalMemory {
  /// Frames to look at: the first of each stretch of memory, some behind it, and the last; and one where there is none.
  func framesToTry(atMost limit: Int) -> [PFN] {
    var tried: [PFN] = [PFN(frames.maxMapNumber)]
    for range in frames.ranges.prefix(limit / 4) {
      for pfn in [range.lowerBound, range.lowerBound.advanced(by: 1), range.upperBound.advanced(by: -1)]
      where range.contains(pfn) {
        tried.append(pfn)
      }
      tried.append(range.upperBound)
    }
    return tried
  }

  /// Reads pages both in order and here and there.
  ///
  /// - Throws: ``FuzzFinding`` where the two differ, or where what is read contradicts what the dump says it has.
  func check(_ tried: [PFN]) throws(FuzzFinding) -> [PFN: [UInt8]] {
    guard let held = try? framesInFile(), var inOrder = try? MemoryReader.sequential(self),
      var scattered = try? MemoryReader.scattered(self)
    else { return [:] }
    var pages: [PFN: [UInt8]] = [:]
    for pfn in tried.sorted() {
      let page = Self.page(pfn, by: &inOrder)
      let again = Self.page(pfn, by: &scattered)
      try FuzzFinding.unless(page == again, "\(pfn) is read in two ways and comes out as two pages")
      switch page {
      case .success(let bytes):
        try FuzzFinding.unless(bytes.count == geometry.size, "\(pfn) has \(bytes.count) bytes")
        try FuzzFinding.unless(
          held.contains(pfn), "\(pfn) can be read, and is not among the frames of the file")
        try FuzzFinding.unless(frames.contains(pfn), "\(pfn) can be read, and the machine has no such memory")
        pages[pfn] = bytes
      case .failure(let error):
        try FuzzFinding.unless(
          !error.isAbsence || !held.contains(pfn), "\(pfn) is among the frames of the file: \(error)")
      }
    }
    return pages
  }

  private static func page(_ pfn: PFN, by reader: inout MemoryReader) -> Result<[UInt8], VmcoreError> {
    do throws(VmcoreError) {
      return .success(try reader.withPage(pfn) { bytes in bytes.withUnsafeBytes { Array($0) } })
    } catch { return .failure(error) }
  }
}
