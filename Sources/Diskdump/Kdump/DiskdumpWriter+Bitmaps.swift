internal import DumpMemory
internal import Platform

extension DiskdumpWriter {
  /// Writes a bitmap, in pieces as large as the scratch buffer; chunks that are clear stay holes.
  ///
  /// A stream has no holes, but what none of its records holds reads as zeros: makedumpfile's -R seeks over it, and
  /// crash and libkdumpfile fill it in. So it gets no records for long stretches without memory.
  ///
  /// - Returns: the file offset behind the last piece written.
  mutating func writeBitmap<Frames: PFNSet & ~Copyable>(
    _ frames: borrowing Frames, at start: UInt64, fromChunk first: Int = 0
  ) throws(DumpError) -> UInt64 {
    // Blocks larger than a chunk leave room behind the last one.
    let chunks = Int(layout.bitmapBlocks * layout.blockSize) / PFNChunk.byteCount
    func isClear(_ index: Int) -> Bool { index >= frames.chunkCount || frames.kind(ofChunk: index) == .clear }
    var pending = 0
    var end = start
    var index = first
    while index < chunks {
      if pending == 0, !output.hasHoles, !output.canBeRewritten, isClear(index) {
        var next = index + 1
        while next < chunks, isClear(next) { next += 1 }
        if next - index >= Self.fewestSkippedChunks {
          try output.skip(to: start + UInt64(next * PFNChunk.byteCount))
          index = next
          continue
        }
      }
      let isHole = output.hasHoles && isClear(index)
      if !isHole {
        copyChunk(index, of: frames, isClear: isClear(index), toScratchAt: pending)
        pending += PFNChunk.byteCount
      }
      if pending > 0, isHole || pending + PFNChunk.byteCount > scratch.byteCount || index == chunks - 1 {
        end = start + UInt64((index + (isHole ? 0 : 1)) * PFNChunk.byteCount)
        try output.write(scratch.bytes.extracting(first: pending), at: end - UInt64(pending))
        bytesWritten += UInt64(pending)
        pending = 0
      }
      index += 1
    }
    return end
  }

  /// 1 MiB of a bitmap, which is 32 GiB of addresses: less than that is worth no record of its own.
  private static var fewestSkippedChunks: Int { (1 << 20) / PFNChunk.byteCount }

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
