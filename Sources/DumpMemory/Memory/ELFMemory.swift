internal import Platform

/// An ELF core as a source of memory: its file, and where in it each address lies.
public final class ELFMemory: Sendable {
  public let core: ELFCore
  public let segments: MemorySegments
  /// Whether the file's pages are mapped where the kernel allows it, or always read.
  let prefersMapping: Bool
  /// Pages of `/proc/vmcore` that are mapped together, in order; none of other files.
  private let pieces: [Range<UInt64>]

  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` if the segments claim addresses that no file of this size
  ///   can be a dump of.
  init(_ core: consuming ELFCore, prefersMapping: Bool) throws(VmcoreError) {
    let held = core.file.isStored ? core.file.heldSize : 0
    let segments = MemorySegments(
      core.loads, fileSize: core.fileSize, heldSize: held, geometry: core.geometry,
      limit: core.machine.physicalLimit)
    let top = segments.frames.maxMapNumber
    if top == 0 { throw .foreign(path: core.file.path, "an ELF core whose PT_LOADs hold no physical memory") }
    // The dump has two bits for each frame below the highest, which are holes where there is no memory: those of a
    // machine with memory at 105 TB take 6 GB of a file and a few KB of the disk. But what claims to lie up there must
    // have some byte in the file.
    let present = segments.extents.last { $0.fileOffset != nil }?.end ?? 0
    if top / 8 > max(core.fileSize, 1 << 30), top << segments.geometry.shift > max(present, 1 << 45) {
      throw .malformed(
        path: core.file.path, at: FileOffset(64),
        "a PT_LOAD claims memory up to 0x\(String(top << segments.geometry.shift, radix: 16)) in a file of \(core.fileSize) bytes"
      )
    }
    guard !MemorySegments.isUnbelievable(segments.bytesInFile, in: held) else {
      throw .malformed(
        path: core.file.path, at: FileOffset(64),
        "PT_LOADs claim \(segments.bytesInFile) bytes of memory in the file, which holds \(held): no kernel leaves so little"
      )
    }
    self.segments = segments
    pieces = core.file.isStored ? [] : Self.pieces(of: core)
    self.prefersMapping = prefersMapping && core.file.canBeMapped
    self.core = core
  }

  /// The PT_LOADs: where this kernel has rounded one to whole pages of its own, none shares a page with another.
  private static func pieces(of core: borrowing ELFCore) -> [Range<UInt64>] {
    let page = FileMapping.alignment
    return core.loads.compactMap { load in
      let start = load.fileOffset.rawValue
      guard load.fileSize > 0, let stretch = Range(start: start, byteCount: load.fileSize),
        stretch.upperBound < .max - page
      else { return nil }
      return start / page * page..<(stretch.upperBound + page - 1) / page * page
    }.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The part of a stretch that is better mapped by itself.
  ///
  /// The kernel maps the memory of one PT_LOAD in one go. In a mapping that has two it asks for the caching mode of
  /// every single page (`track_pfn_remap`), and where two pages differ the whole of it fails.
  func mappable(_ stretch: Range<UInt64>, around offset: UInt64) -> Range<UInt64> {
    let index = pieces.partitionPoint { $0.upperBound > offset }
    guard index < pieces.count, pieces[index].contains(offset) else { return stretch }
    return stretch.clamped(to: pieces[index])
  }
}
