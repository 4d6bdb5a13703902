internal import DumpMemory
internal import Platform

extension DumpOutput {
  /// Copies notes, however large they are, a piece at a time.
  ///
  /// - Parameter buffer: what the pieces go through.
  /// - Returns: bytes of the notes that could not be read, in whose place there are zeros.
  func write(
    _ notes: CoreNotes, at start: UInt64, through buffer: inout MappedBuffer
  ) throws(DumpError) -> Int {
    var missing = 0
    var done = 0
    while done < notes.byteCount {
      let count = min(notes.byteCount - done, buffer.byteCount)
      missing += notes.read(into: &buffer, count: count, at: done)
      try write(buffer.bytes.extracting(first: count), at: start + UInt64(done))
      done += count
    }
    return missing
  }
}
