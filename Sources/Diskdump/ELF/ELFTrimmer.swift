internal import DumpMemory
internal import Platform

/// Makes the headers of an ELF core that was cut name only what is there, and say that it is incomplete.
///
/// Readers show what a PT_LOAD names and the file does not have as zeros, or say nothing at all: libkdumpfile takes what
/// lies behind the end of a file for a page of zeros.
struct ELFTrimmer: ~Copyable {
  private let core: ELFCore
  private let arrived: ArrivedRanges
  /// Pages of the PT_LOADs that are there, and that there should be; those of the kernel's image count twice.
  private(set) var keptPages: UInt64 = 0
  private(set) var pages: UInt64 = 0

  private let pageSize: UInt64

  /// - Parameter arrived: which bytes of the file are there.
  init(_ core: consuming ELFCore, arrived: ArrivedRanges) {
    pageSize = UInt64(core.geometry.size)
    self.core = core
    self.arrived = arrived
  }

  mutating func trim(_ file: borrowing FileDescriptor) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: 8)
    for (index, header) in core.programHeaders.enumerated() where header.type == ProgramHeader.load {
      let start = header.fileOffset.rawValue
      let present = arrived.present(from: start, atMost: header.fileSize)
      pages.add(saturating: header.fileSize / pageSize)
      if present >= header.fileSize {
        keptPages.add(saturating: header.fileSize / pageSize)
        continue
      }
      let whole = present / pageSize * pageSize
      keptPages.add(saturating: whole / pageSize)
      let place = core.programHeadersOffset.rawValue + UInt64(index * ProgramHeader.byteCount)
      var bytes = buffer.mutableBytes
      Field<UInt64>(0).store(whole, in: &bytes)
      for field in [ProgramHeader.Layout.filesz, ProgramHeader.Layout.memsz] {
        try file.write(buffer.bytes, at: FileOffset(place + UInt64(field.offset)))
      }
      // A segment of which nothing is there becomes a PT_NULL.
      if whole == 0 {
        let type = place + UInt64(ProgramHeader.Layout.type.offset)
        try file.write(buffer.bytes.extracting(first: 4), at: FileOffset(type))
      }
    }
    try DumpMark.set(onELFCore: file)
  }
}
