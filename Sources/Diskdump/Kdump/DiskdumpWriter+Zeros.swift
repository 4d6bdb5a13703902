internal import Platform

extension DiskdumpWriter {
  /// Zeros that a hole cannot stand for: where there are none, or where the blocks are wanted.
  mutating func writeZeros(from start: UInt64, byteCount: UInt64) throws(DumpError) {
    clearScratch(Int(min(byteCount, UInt64(scratch.byteCount))))
    var done: UInt64 = 0
    while done < byteCount {
      let piece = Int(min(byteCount - done, UInt64(scratch.byteCount)))
      try output.write(scratch.bytes.extracting(first: piece), at: start + done)
      done += UInt64(piece)
    }
    bytesWritten += byteCount
  }

  mutating func clearScratch(_ byteCount: Int) {
    var bytes = scratch.mutableBytes(in: 0..<byteCount)
    bytes.zero()
  }
}
