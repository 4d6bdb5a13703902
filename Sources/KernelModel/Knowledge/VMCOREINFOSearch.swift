public import DumpMemory
internal import Platform

/// Finds the VMCOREINFO that the kernel keeps for its crash, in a dump whose notes lack it.
///
/// The text lies at the beginning of a page (`vmcoreinfo_data`, kernel/vmcore_info.c). Copies of it may lie
/// in the page cache, of this boot or of others: only one whose addresses lead to the kernel's own name is
/// taken.
public enum VMCOREINFOSearch {
  private static let beginning: UInt64 = 0x5341_454c_4552_534f  // OSRELEAS
  /// Copies in the page cache are few; each that is tried costs some hundred reads.
  private static let mostCandidates = 4096

  /// At a crash the kernel turns to a second copy that nobody could write to, and only that gets CRASHTIME.
  ///
  /// - Parameter progress: called with the frames that were looked at so far.
  /// - Returns: the text and where it lies, one with CRASHTIME if there is one; nil if no page holds one that
  ///   is true.
  public static func find(
    in memory: PhysicalMemory, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) -> (info: VMCOREINFO, address: PhysicalAddress)? {
    guard var reader = try? MemoryReader.sequential(memory) else { return nil }
    var withoutTime: (info: VMCOREINFO, address: PhysicalAddress)?
    let held = HeldStretches(of: memory)
    let total = held.count
    var candidates = 0
    var done: UInt64 = 0
    for range in held.ranges {
      var pfn = range.lowerBound
      while pfn < range.upperBound {
        done += 1
        if done % 4096 == 0 { progress(done, total) }
        let text: String? =
          (try? reader.withPage(pfn) { page in
            page.littleEndian(at: 0) == beginning ? page.text(in: 0..<page.byteCount) : nil
          }) ?? nil
        if let text, candidates < mostCandidates {
          candidates += 1
          let found = (info: VMCOREINFO(text), address: memory.geometry.address(of: pfn))
          if isTrue(found.info, of: memory) {
            if found.info.string("CRASHTIME") != nil { return found }
            withoutTime = withoutTime ?? found
          }
        }
        pfn = pfn.advanced(by: 1)
      }
    }
    return withoutTime
  }

  private static func isTrue(_ info: VMCOREINFO, of memory: PhysicalMemory) -> Bool {
    guard let kernel = try? KernelFacts(info, of: memory), info.symbol("init_uts_ns") != nil,
      var kernelMemory = try? kernel.memory(of: memory)
    else { return false }
    // Without the names in memory there would be none but the release.
    return UtsName(of: kernel, &kernelMemory).version != ""
  }
}
