internal import Platform
internal import Vmcore

extension DiskdumpWriter {
  /// Writes a bitmap, in pieces as large as the scratch buffer; chunks that are clear stay holes.
  ///
  /// - Returns: the file offset behind the last piece written.
  mutating func writeBitmap<Frames: PFNSet & ~Copyable>(
    _ frames: borrowing Frames, at start: UInt64, fromChunk first: Int = 0
  ) throws(DumpWriteError) -> UInt64 {
    // Blocks larger than a chunk leave room behind the last one.
    let chunks = Int(layout.bitmapBlocks * layout.blockSize) / PFNChunk.byteCount
    var pending = 0
    var end = start
    for index in first..<max(first, chunks) {
      let isClear = index >= frames.chunkCount || frames.kind(ofChunk: index) == .clear
      if !isClear || !output.hasHoles {
        copyChunk(index, of: frames, isClear: isClear, toScratchAt: pending)
        pending += PFNChunk.byteCount
      }
      let isHole = isClear && output.hasHoles
      if pending > 0, isHole || pending + PFNChunk.byteCount > scratch.byteCount || index == chunks - 1 {
        end = start + UInt64((index + (isHole ? 0 : 1)) * PFNChunk.byteCount)
        try output.write(scratch.bytes.extracting(first: pending), at: end - UInt64(pending))
        bytesWritten += UInt64(pending)
        pending = 0
      }
    }
    return end
  }

  /// Copies one chunk of a bitmap into the scratch buffer.
  mutating func copyChunk<Frames: PFNSet & ~Copyable>(
    _ index: Int, of frames: borrowing Frames, isClear: Bool, toScratchAt offset: Int
  ) {
    var bytes = scratch.mutableBytes
    var chunk = bytes._mutatingExtracting(offset..<offset + PFNChunk.byteCount)
    if isClear {
      for word in 0..<PFNChunk.byteCount / 8 {
        chunk.storeBytes(of: 0, toByteOffset: word * 8, as: UInt64.self)
      }
    } else {
      frames.copyChunk(index, into: &chunk)
    }
  }
}
