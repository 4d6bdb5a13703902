public import DumpMemory
internal import Platform

/// Finds the VMCOREINFO that the kernel keeps for its crash, in a dump whose notes lack it.
///
/// The text lies at the beginning of a page (`vmcoreinfo_data`, kernel/vmcore_info.c), and as a note at that of another
/// (`vmcoreinfo_note`). Copies of it may lie in the page cache, of this boot or of others: only one whose addresses lead to
/// the kernel's own name is taken.
public enum VMCOREINFOSearch {
  private static let beginning: UInt64 = 0x5341_454c_4552_534f  // OSRELEAS
  /// The name of the note, behind its three words, and where its text begins.
  private static let noteName: UInt64 = 0x4552_4f43_4d56  // VMCORE
  private static let noteHead = 24
  /// Copies in the page cache are few; each that is tried costs some hundred reads.
  private static let mostCandidates = 4096

  /// At a crash the kernel turns to a second copy that nobody could write to, which lies in the crash kernel's memory. That
  /// and the note get CRASHTIME, without which drgn does not look for the registers of a crash.
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
          (try? reader.withPage(pfn) { page in Self.text(in: page) }) ?? nil
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

  /// What a page has of a VMCOREINFO; nil if it begins with none. A text that does not fit into the note's first page is taken
  /// from the other copy.
  private static func text(in page: RawSpan) -> String? {
    if page.littleEndian(at: 0, as: UInt64.self) == beginning { return page.text(in: 0..<page.byteCount) }
    guard let name = page.littleEndian(at: 12, as: UInt64.self), name & 0xffff_ffff_ffff == noteName,
      page.littleEndian(at: noteHead, as: UInt64.self) == beginning,
      let size = page.littleEndian(at: 4, as: UInt32.self).map({ Int($0) })
    else { return nil }
    return size <= page.byteCount - noteHead ? page.text(in: noteHead..<noteHead + size) : nil
  }

  private static func isTrue(_ info: VMCOREINFO, of memory: PhysicalMemory) -> Bool {
    guard let kernel = try? KernelFacts(info, of: memory), info.symbol("init_uts_ns") != nil,
      var kernelMemory = try? kernel.memory(of: memory)
    else { return false }
    // Without the names in memory there would be none but the release.
    return UtsName(of: kernel, &kernelMemory).version != ""
  }
}
