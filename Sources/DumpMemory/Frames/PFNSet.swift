/// A set of page frames as the bitmaps of a kdump-compressed dump hold it, read a chunk at a time.
public protocol PFNSet: ~Copyable {
  /// Frames that the set speaks of: 0 ..< maxMapNumber (`max_mapnr`).
  var maxMapNumber: UInt64 { get }

  /// What a chunk holds, without looking at its bits.
  func kind(ofChunk index: Int) -> PFNChunkKind

  /// Copies a chunk's bits: ``PFNChunk/byteCount`` bytes, frame p at byte p >> 3, bit p & 7; bits at and past
  /// ``maxMapNumber`` are zero.
  func copyChunk(_ index: Int, into bytes: inout MutableRawSpan)
}

extension PFNSet where Self: ~Copyable {
  /// Chunks that cover ``maxMapNumber`` frames.
  @inlinable
  public var chunkCount: Int {
    Int((maxMapNumber &+ (UInt64(PFNChunk.frames) - 1)) / UInt64(PFNChunk.frames))
  }
}

/// The piece in which sets of frames are stored and copied: 128 MiB of memory, a sparsemem section of x86_64.
public enum PFNChunk {
  public static let frames = 32768
  public static let byteCount = frames / 8
  @usableFromInline static let words = frames / 64
}

public enum PFNChunkKind: Sendable {
  /// No frame of the chunk is in the set.
  case clear
  /// Every frame of the chunk below `max_mapnr` is.
  case full
  case mixed
}
