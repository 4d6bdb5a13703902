public import DumpMemory

/// The crash kernel that was loaded: `kexec_crash_image`, a `struct kimage` (include/linux/kexec.h).
public struct KexecImage: Sendable {
  /// A `struct kexec_segment`: where a part of the image was put.
  public struct Segment: Hashable, Sendable {
    /// `mem`
    public let address: PhysicalAddress
    /// `memsz`, a multiple of the page size.
    public let byteCount: UInt64
  }

  public let segments: [Segment]
  /// `arch.backup_src_start`, `backup_src_sz`, `backup_load_addr`: kexec_file_load, from Linux 3.17 until 5.5, and 5.4.69,
  /// kept the first mebibyte from everybody and took them out (7c321eb2b843).
  public let fileLoadBackup: BackupRegion?

  /// KEXEC_SEGMENT_MAX
  private static let mostSegments = 16
  /// `struct kexec_segment`: buf, bufsz, mem, memsz.
  private static let segmentBytes = 32

  /// Reads the image.
  ///
  /// Without types what can be segments is looked for.
  ///
  /// - Returns: nil if no crash kernel was loaded, or it cannot be read.
  public init?(of kernel: Kernel, _ memory: inout KernelMemory) {
    let machine = kernel.machine
    guard let symbol = kernel.symbolsAtHand(Self.symbols).address(of: "kexec_crash_image"),
      let pointer = try? memory.word(symbol), KernelPointer.isPlausible(pointer)
    else { return nil }
    let image = VirtualAddress(pointer)
    let places = Self.places(try? kernel.types(Self.wantedTypes))
    if let places {
      guard let count = try? memory.word(image + places.count), count > 0, count <= Self.mostSegments else {
        return nil
      }
      segments = (0..<Int(count)).compactMap {
        Self.segment(at: image + places.segments + $0 * Self.segmentBytes, of: machine, in: &memory)
      }
      fileLoadBackup = places.backup.flatMap { Self.backup(image, places: $0, in: &memory) }
    } else {
      segments = Self.searchSegments(image, of: machine, in: &memory)
      fileLoadBackup = nil
    }
    if segments.isEmpty { return nil }
  }

  private struct Places {
    var count: Int
    var segments: Int
    var backup: (source: Int, size: Int, address: Int)?
  }

  /// What to ask ``Kernel`` for.
  public static let symbols = ["kexec_crash_image"] + KernelTypes.symbols
  public static let wantedTypes = WantedTypes(structures: ["kimage", "kexec_segment"])

  private static func places(_ types: KernelTypes?) -> Places? {
    guard let types, let count = types.btf.offset("kimage", "nr_segments"),
      let segments = types.btf.offset("kimage", "segment"),
      types.btf.size("kexec_segment") == segmentBytes
    else { return nil }
    var places = Places(count: count, segments: segments)
    if let source = types.btf.offset("kimage", "arch.backup_src_start"),
      let size = types.btf.offset("kimage", "arch.backup_src_sz"),
      let address = types.btf.offset("kimage", "arch.backup_load_addr")
    {
      places.backup = (source, size, address)
    }
    return places
  }

  private static func segment(
    at address: VirtualAddress, of machine: Machine, in memory: inout KernelMemory
  ) -> Segment? {
    guard let fileBytes = try? memory.word(address + 8), let start = try? memory.word(address + 16),
      let size = try? memory.word(address + 24),
      (start | size) & UInt64(machine.geometry.size - 1) == 0, size > 0, size >= fileBytes,
      start < machine.kind.physicalLimit, size < machine.kind.physicalLimit
    else { return nil }
    return Segment(address: PhysicalAddress(start), byteCount: size)
  }

  private static func backup(
    _ image: VirtualAddress, places: (source: Int, size: Int, address: Int), in memory: inout KernelMemory
  ) -> BackupRegion? {
    guard let source = try? memory.word(image + places.source),
      let size = try? memory.word(image + places.size),
      let address = try? memory.word(image + places.address), address != 0, size != 0
    else { return nil }
    return BackupRegion(
      source: PhysicalAddress(source), byteCount: size, backup: PhysicalAddress(address))
  }

  /// Without types: the segments lie together in the first kilobyte of the structure, each with a page-aligned
  /// place and size.
  private static func searchSegments(
    _ image: VirtualAddress, of machine: Machine, in memory: inout KernelMemory
  ) -> [Segment] {
    var best: [Segment] = []
    var offset = 0
    while offset < 1024 {
      var run: [Segment] = []
      while run.count < mostSegments,
        let next = segment(at: image + offset + run.count * segmentBytes, of: machine, in: &memory)
      {
        run.append(next)
      }
      if run.count > best.count { best = run }
      offset += 8
    }
    return best.count >= 2 ? best : []
  }
}
