public import DumpMemory
public import KernelModel

/// Finds where purgatory copied low memory to.
///
/// Who saves it before the capture kernel takes its place: kexec_load with any kernel, by kexec-tools (`get_backup_area` in
/// crashdump-x86.c), and kexec_file_load from Linux 3.17 to 5.4 (arch/x86/kernel/crash.c, `determine_backup_region`). From
/// 5.5, and in 5.4.69, the kernel keeps the whole first mebibyte to itself when a crash kernel is asked for ("Always reserve
/// the low 1M", 6f599d84231f), so that kexec_load copies what nobody used; but on EFI machines what the firmware no longer
/// wanted below 1 MiB was given back to the allocator until about 5.13, and a copy of 5.5 to 5.12 has data in it.
///
/// The machine of the report (kexec list, 2019-08-01) copied from 0x0 on; most copy from 0x1000.
public struct BackupFinder: Sendable {
  /// The low memory that a dump of `/proc/vmcore` has from the backup.
  public struct Low: Hashable, Sendable {
    public let source: PhysicalAddress
    public let byteCount: UInt64
  }

  /// What to ask ``Kernel`` for early.
  public static let symbols = KexecImage.symbols + ["crashk_res"]

  /// The end of conventional memory (BIOS and kexec-tools call it 0xa0000).
  public static let lowEnd: UInt64 = 0xa0000

  /// The low memory of a dump that was copied: the first range of memory that ends at or below 640 KiB. Both ways of loading
  /// take that one alone, however small; what else lies low is read where it is.
  ///
  /// - Returns: nil if the dump has none.
  public static func low(of memory: PhysicalMemory) -> Low? {
    let loads = memory.loads.filter { $0.memorySize > 0 && $0.physicalAddress.rawValue < lowEnd }
      .sorted { $0.physicalAddress < $1.physicalAddress }
    if let first = loads.first {
      // A dump that left pages out has a PT_LOAD for each run of pages that stayed.
      var end = first.physicalAddress.rawValue
      for load in loads where load.physicalAddress.rawValue <= end {
        end = max(end, load.physicalAddress.rawValue &+ load.memorySize)
      }
      guard end <= lowEnd, end > first.physicalAddress.rawValue else { return nil }
      return Low(source: first.physicalAddress, byteCount: end - first.physicalAddress.rawValue)
    }
    if !memory.loads.isEmpty { return nil }
    // A kdump-compressed dump has pages instead of PT_LOADs, and cannot say where in its pages the region began.
    let last = PFN(lowEnd >> memory.geometry.shift)
    guard let range = memory.frames.ranges.first, range.upperBound <= last else { return nil }
    let start = memory.geometry.address(of: range.lowerBound)
    let end = memory.geometry.address(of: range.upperBound).rawValue - zeros(atEndOf: range, memory)
    return end > start.rawValue ? Low(source: start, byteCount: end - start.rawValue) : nil
  }

  /// Bytes at the end of the last page that no PT_LOAD had covered: its dump has zeros there, and noise never has a
  /// block of zeros.
  private static func zeros(atEndOf range: Range<PFN>, _ memory: PhysicalMemory) -> UInt64 {
    let last = min(range.upperBound.rawValue, lowEnd >> memory.geometry.shift) - 1
    guard var reader = try? MemoryReader.scattered(memory) else { return 0 }
    let bytes = try? reader.withPage(PFN(last)) { page in
      var blocks = page.byteCount / Block.byteCount
      while blocks > 0, page.block(blocks - 1) == .zero { blocks -= 1 }
      return blocks == 0 ? 0 : UInt64(page.byteCount - blocks * Block.byteCount)
    }
    return bytes ?? 0
  }

  /// Where the backup may lie, the best evidence first.
  public static func candidates(
    for low: Low, of kernel: Kernel, _ kernelMemory: inout KernelMemory
  ) -> [BackupCandidate] {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    let image = KexecImage(of: kernel, &kernelMemory)
    var found: [BackupCandidate] = []
    let rounded = (low.byteCount + LowRegion.pageBytes - 1) & ~(LowRegion.pageBytes - 1)
    if let image {
      if let file = image.fileLoadBackup, file.source == low.source {
        found.append(
          BackupCandidate(
            address: file.backup, certainty: .stated,
            evidence: "kimage.arch.backup_load_addr of the crash kernel"))
      }
      for (index, segment) in image.segments.enumerated() where segment.byteCount == rounded {
        found.append(
          BackupCandidate(
            address: segment.address, certainty: .stated,
            evidence: "segment \(index) of the crash kernel, whose size is the low memory's"))
      }
    }
    if let resource = symbols.address(of: "crashk_res"), let start = try? kernelMemory.word(resource),
      let end = try? kernelMemory.word(resource + 8), end > start,
      (end &+ 1).isMultiple(of: LowRegion.pageBytes),
      end < kernel.machine.kind.physicalLimit, end - start > rounded
    {
      found.append(
        BackupCandidate(
          address: PhysicalAddress(end + 1 - rounded), certainty: .guessed,
          evidence: "the end of crashk_res, where kexec-tools puts the backup"))
    }
    found += holes(rounded, kernel.physical)
    var seen: Set<PhysicalAddress> = []
    return found.filter { seen.insert($0.address).inserted }
  }

  /// The crashkernel memory is left out of /proc/vmcore: the backup may end where a hole between PT_LOADs does.
  private static func holes(_ byteCount: UInt64, _ memory: PhysicalMemory) -> [BackupCandidate] {
    let shift = memory.geometry.shift
    var previous: UInt64 = 0
    var found: [BackupCandidate] = []
    for range in memory.frames.ranges {
      let start = range.lowerBound.rawValue << shift
      // A crash kernel takes 16 MiB at the least, and lies above 1 MiB.
      if previous >= 1 << 20, start - previous >= 16 << 20, start & 0xfffff == 0 {
        found.append(
          BackupCandidate(
            address: PhysicalAddress(start - byteCount), certainty: .guessed,
            evidence: "the end of the memory that the dump leaves out"))
      }
      previous = range.upperBound.rawValue << shift
    }
    return found
  }
}
