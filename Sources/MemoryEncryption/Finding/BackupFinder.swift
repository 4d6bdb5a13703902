public import Vmcore

/// Finds where purgatory copied low memory to.
///
/// Kernels up to 5.4 with kexec_file_load, and kexec_load with any kernel, save the first 640 KiB before the capture
/// kernel uses them (kexec-tools, `kexec_backup_src`; arch/x86/kernel/crash.c, `determine_backup_region`).
public struct BackupFinder: Sendable {
  /// The low memory that a dump of `/proc/vmcore` has from the backup: the largest PT_LOAD below 640 KiB.
  public struct Low: Hashable, Sendable {
    public let source: PhysicalAddress
    public let byteCount: UInt64
  }

  /// What to ask ``KernelSymbols`` for.
  public static let symbols = ["kexec_crash_image", "crashk_res"]

  /// The end of conventional memory (BIOS and kexec-tools call it 0xa0000).
  public static let lowEnd: UInt64 = 0xa0000

  /// The low memory of a dump; nil if it has none.
  public static func low(of memory: PhysicalMemory) -> Low? {
    var best: Low?
    for load in memory.loads where load.physicalAddress.rawValue < lowEnd {
      let size = min(load.memorySize, load.fileSize)
      guard size >= 4096, load.physicalAddress.rawValue + size <= lowEnd else { continue }
      if size > best?.byteCount ?? 0 { best = Low(source: load.physicalAddress, byteCount: size) }
    }
    if best != nil || !memory.loads.isEmpty { return best }
    // A kdump-compressed dump has pages instead of PT_LOADs, and cannot say where in its pages the region began.
    let last = PFN(lowEnd >> memory.geometry.shift)
    guard let range = memory.frames.ranges.last(where: { $0.lowerBound < last }) else { return nil }
    let start = memory.geometry.address(of: range.lowerBound)
    let end =
      memory.geometry.address(of: min(range.upperBound, last)).rawValue - zeros(atEndOf: range, memory)
    return Low(source: start, byteCount: end - start.rawValue)
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
  ///
  /// - Parameter image: the crash kernel that was loaded, if it was found.
  public static func candidates(
    for low: Low, _ image: KexecImage?, _ memory: PhysicalMemory, _ symbols: KernelSymbols,
    _ kernelMemory: inout KernelMemory
  ) -> [BackupCandidate] {
    var found: [BackupCandidate] = []
    let rounded = (low.byteCount + 0xfff) & ~0xfff
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
      let end = try? kernelMemory.word(resource + 8), end > start, (end &+ 1) & 0xfff == 0,
      end - start > rounded
    {
      found.append(
        BackupCandidate(
          address: PhysicalAddress(end + 1 - rounded), certainty: .guessed,
          evidence: "the end of crashk_res, where kexec-tools puts the backup"))
    }
    found += holes(rounded, memory)
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
