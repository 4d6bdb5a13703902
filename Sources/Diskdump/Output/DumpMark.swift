public import DumpMemory
public import Platform

/// The mark by which a dump of either format says that it is incomplete.
public enum DumpMark {
  /// Whether a file is a dump that has the mark.
  public static func isIncomplete(_ dump: borrowing FileDescriptor) throws(VmcoreError) -> Bool {
    let file = try InputFile(
      VmcoreError.wrapping { () throws(SystemError) in try dump.duplicate() })
    if try KdumpHeaders.recognises(file) { return try KdumpHeaders(file).header.status.contains(.incomplete) }
    return try ELFCore(file).isMarkedIncomplete
  }

  /// Sets the mark of a kdump-compressed dump.
  ///
  /// - Parameter status: what the dump's header says.
  static func set(on file: borrowing FileDescriptor, besides status: DumpStatus) throws(SystemError) {
    try write(status.union(.incomplete).rawValue, to: file, at: DiskdumpHeader.Layout.status)
  }

  /// Sets the mark of an ELF core, whose other flags are 0.
  static func set(onELFCore file: borrowing FileDescriptor) throws(SystemError) {
    try write(1, to: file, at: ELFHeader.Layout.flags)
  }

  private static func write(
    _ word: UInt32, to file: borrowing FileDescriptor, at field: Field<UInt32>
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: 4)
    var bytes = buffer.mutableBytes
    Field<UInt32>(0).store(word, in: &bytes)
    try file.write(buffer.bytes.extracting(first: 4), at: field.fileOffset)
  }
}
