internal import Platform

/// An ELF core as a source of memory: its file, and where in it each address lies.
public final class ELFMemory: Sendable {
  public let core: ELFCore
  public let segments: MemorySegments
  /// Whether the file's pages are mapped where the kernel allows it, or always read.
  let prefersMapping: Bool

  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` if the segments claim addresses that no file of this size
  ///   can be a dump of.
  init(_ core: consuming ELFCore, prefersMapping: Bool) throws(VmcoreError) {
    let segments = MemorySegments(core.loads, fileSize: core.fileSize, geometry: .x86_64)
    let top = segments.frames.maxMapNumber
    if top == 0 { throw .foreign(path: core.file.path, "an ELF core whose PT_LOADs hold no physical memory") }
    // The dump has two bits for each frame below the highest. A machine's memory may lie thinly in its
    // address space, but not so thinly that these bits outweigh the memory.
    if top / 8 > max(core.fileSize, 1 << 30) {
      throw .malformed(
        path: core.file.path, at: FileOffset(64),
        "a PT_LOAD claims memory up to 0x\(String(top << segments.geometry.shift, radix: 16)) in a file of \(core.fileSize) bytes"
      )
    }
    self.segments = segments
    self.prefersMapping = prefersMapping && core.file.canBeMapped
    self.core = core
  }
}
