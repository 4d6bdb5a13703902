public import DumpMemory
internal import Platform

/// Low memory as the crashed kernel left it, in the dump of a machine whose capture kernel has taken its place: what
/// purgatory saved is read instead.
public final class SavedLowMemory: PageLayer, @unchecked Sendable {
  /// What was found about an outside dump's low memory.
  public enum Finding {
    /// The dump has no loaded crash kernel with a backup in it, or is no outside dump: nothing is to be done.
    case none
    /// A crash kernel waits, and has not run: low memory is the crashed kernel's own.
    case notUsed(evidence: String)
    case saved(SavedLowMemory, evidence: String)
  }

  private let backup: BackupRegion
  private let geometry: PageGeometry
  private let saved: MappedBuffer

  /// Looks for the backup and for proof that it was made.
  ///
  /// The memory for it is zeros until purgatory copies, and purgatory is the last before the capture kernel runs
  /// (kexec-tools, crashdump-x86.c; arch/x86/kernel/crash.c). Only dumps from outside of the machine have the crash
  /// kernel's own memory: those with a hypervisor's notes or without a PT_LOAD for the kernel's image, and those whose
  /// header has no release.
  public static func find(
    _ kernel: Kernel
  ) throws(KernelError) -> Finding {
    let physical = kernel.physical
    guard kernel.machine.kind == .x86_64,
      kernel.machine.image(in: physical).count == 0 || physical.notes.hasHypervisorState,
      physical.origin?.utsname.release.isEmpty ?? true, var memory = try? kernel.memory()
    else { return .none }
    // Names a file that cannot be used.
    try kernel.symbols(KexecImage.symbols)
    guard let image = KexecImage(of: kernel, &memory),
      let backup = CoreHeaderInMemory.backup(image.segments, of: physical)
    else { return .none }
    let place =
      "elfcorehdr says that \(backup.byteCount) bytes from \(backup.source) are saved at \(backup.backup)"
    guard let saved = read(backup, physical) else {
      return .notUsed(evidence: "\(place), which cannot be read")
    }
    let words = (0..<saved.byteCount / 8).count { saved.bytes.littleEndian(at: $0 * 8) != (0 as UInt64) }
    guard words > 0 else {
      return .notUsed(evidence: "\(place), which is zeros: the capture kernel has not run")
    }
    return .saved(
      SavedLowMemory(backup, geometry: physical.geometry, saved: saved),
      evidence: "\(place), with \(words) words that are not zero: the capture kernel has run")
  }

  private static func read(_ backup: BackupRegion, _ physical: PhysicalMemory) -> MappedBuffer? {
    guard var reader = try? MemoryReader.sequential(physical),
      var buffer = try? MappedBuffer(byteCount: Int(backup.byteCount))
    else { return nil }
    var bytes = buffer.mutableBytes
    guard (try? reader.read(backup.backup, into: &bytes)) != nil else { return nil }
    return buffer
  }

  private init(
    _ backup: BackupRegion, geometry: PageGeometry, saved: consuming MappedBuffer
  ) {
    self.backup = backup
    self.geometry = geometry
    self.saved = saved
  }

  private var source: Range<UInt64> {
    backup.source.rawValue..<backup.source.rawValue + backup.byteCount
  }

  public func changes(_ pfn: PFN) -> Bool {
    let start = geometry.address(of: pfn).rawValue
    return start < source.upperBound && start + UInt64(geometry.size) > source.lowerBound
  }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    let start = geometry.address(of: pfn).rawValue
    let from = max(source.lowerBound, start)
    let to = min(source.upperBound, start + UInt64(geometry.size))
    guard from < to else { return }
    let place = Int(from - source.lowerBound)
    Self.copy(saved, range: place..<place + Int(to - from), to: Int(from - start), of: &page)
  }

  private static func copy(
    _ saved: borrowing MappedBuffer, range: Range<Int>, to place: Int, of page: inout MutableRawSpan
  ) {
    page.copy(saved.bytes.extracting(range), at: place)
  }

  /// What goes into the dump.
  public var record: String {
    "low memory: \(backup.byteCount) bytes from 0x\(String(backup.source.rawValue, radix: 16)) read from the kdump"
      + " backup at 0x\(String(backup.backup.rawValue, radix: 16))\n"
  }
}
