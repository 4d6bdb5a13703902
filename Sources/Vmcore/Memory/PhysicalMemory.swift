internal import Platform

/// The crashed machine's physical memory, as a core holds it. Shared by all threads, read through a
/// ``MemoryReader`` of each.
public final class PhysicalMemory: Sendable {
  public let core: ELFCore
  public let segments: MemorySegments
  /// Whether the file's pages are mapped where the kernel allows it, or always read.
  let prefersMapping: Bool

  /// - Parameter prefersMapping: false is `--non-mmap`.
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` if the segments claim addresses that no file of this size
  ///   can be a dump of.
  public init(_ core: consuming ELFCore, prefersMapping: Bool) throws(VmcoreError) {
    let segments = MemorySegments(core.loads, fileSize: core.fileSize, geometry: .x86_64)
    let top = segments.frames.maxMapNumber
    if top == 0 { throw .foreign(path: core.file.path, "an ELF core whose PT_LOADs hold no physical memory") }
    // The dump has two bits for each frame below the highest. A machine's memory may lie thinly in its
    // address space, but not so thinly that these bits outweigh the memory.
    if top / 8 > max(core.fileSize, 1 << 30) {
      throw .malformed(
        path: core.file.path, at: FileOffset(64),
        "a PT_LOAD claims memory up to 0x\(String(top << segments.geometry.shift, radix: 16)) in a file of \(core.fileSize) bytes")
    }
    self.segments = segments
    self.core = core
    self.prefersMapping = prefersMapping
  }

  /// Every frame of which the file holds all that it should.
  public func framesInFile() throws(VmcoreError) -> PFNBitmap {
    var frames = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: segments.frames.maxMapNumber)
    }
    for range in segments.frames.ranges { frames.insert(range) }
    for range in segments.framesNotInFile.ranges { frames.remove(range) }
    return frames
  }

  public var geometry: PageGeometry { segments.geometry }
}
