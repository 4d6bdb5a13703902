internal import DumpMemory
internal import Platform

/// Gives an ELF core other notes than it had, which do not fit into the place of the old ones: at the end of the file.
enum ELFNotes {
  /// - Parameters:
  ///   - file: a copy of the core.
  ///   - core: whose program headers the file has. The first PT_NOTE names the new notes, and what others there are become
  ///     PT_NULLs.
  /// - Throws: an invalid argument for a core without a PT_NOTE.
  static func append(
    _ notes: CoreNotes, to file: borrowing FileDescriptor, of core: borrowing ELFCore
  ) throws(SystemError) {
    let end = try (file.size() + 3) / 4 * 4
    var piece = try MappedBuffer(byteCount: 64 << 10)
    var done = 0
    while done < notes.byteCount {
      let count = min(notes.byteCount - done, piece.byteCount)
      guard notes.read(into: &piece, count: count, at: done) == 0 else {
        throw SystemError("read", subject: file.path, code: .inputOutput, reason: "the notes cannot be read")
      }
      try file.write(piece.bytes.extracting(first: count), at: FileOffset(end + UInt64(done)))
      done += count
    }
    var isNamed = false
    for (index, header) in core.programHeaders.enumerated() where header.type == ProgramHeader.note {
      let place = core.programHeadersOffset.rawValue + UInt64(index * ProgramHeader.byteCount)
      if isNamed {
        try write(0, to: file, at: place, field: ProgramHeader.Layout.type)
        continue
      }
      try write(end, to: file, at: place, field: ProgramHeader.Layout.offset)
      try write(UInt64(notes.byteCount), to: file, at: place, field: ProgramHeader.Layout.filesz)
      try write(UInt64(notes.byteCount), to: file, at: place, field: ProgramHeader.Layout.memsz)
      isNamed = true
    }
    if !isNamed {
      throw SystemError(
        "write", subject: file.path, code: .invalidArgument,
        reason: "an ELF core without a PT_NOTE has no place for notes")
    }
  }

  private static func write<Value>(
    _ value: Value, to file: borrowing FileDescriptor, at header: UInt64, field: Field<Value>
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: MemoryLayout<Value>.size)
    var bytes = buffer.mutableBytes
    Field<Value>(0).store(value, in: &bytes)
    try file.write(
      buffer.bytes.extracting(first: MemoryLayout<Value>.size), at: FileOffset(header + UInt64(field.offset)))
  }
}
