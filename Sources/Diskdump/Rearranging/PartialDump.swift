public import DumpMemory
public import Platform

/// Makes what arrived of a dump one that can be read: marked incomplete, with no descriptor, or no PT_LOAD, of what did
/// not arrive.
public struct PartialDump: ~Copyable {
  /// Pages whose data is there, of ``pages`` that the dump should have.
  public private(set) var keptPages: UInt64 = 0
  public private(set) var pages: UInt64 = 0
  private let path: String
  private let arrived: ArrivedRanges

  /// - Parameter file: what the reader wrote to, whose length may change.
  public init(_ file: borrowing FileDescriptor, reader: borrowing FlattenedStreamReader) {
    path = file.path
    arrived = reader.arrived
  }

  /// Makes the file what it is to be.
  ///
  /// - Throws: ``VmcoreError`` where the headers or the bitmaps did not arrive, or in a file of another format.
  public mutating func complete(_ file: borrowing FileDescriptor) throws(VmcoreError) {
    let input = try InputFile(
      VmcoreError.wrapping { () throws(SystemError) in try file.duplicate() })
    if try KdumpHeaders.recognises(input) {
      var part = try PartialKdump(KdumpFile(input), arrived: arrived)
      do throws(SystemError) { try part.complete(file) } catch { throw .system(error) }
      keptPages = part.keptPages
      pages = part.pages
      return
    }
    let core = try ELFCore(input)
    let table = core.programHeadersOffset.rawValue
    guard arrived.contains(0..<table + UInt64(core.programHeaders.count * ProgramHeader.byteCount)) else {
      throw .malformed(path: path, at: core.programHeadersOffset, "the program headers did not arrive whole")
    }
    for header in core.programHeaders where header.type != ProgramHeader.load {
      if header.fileSize == 0 { continue }
      guard let place = Range(start: header.fileOffset.rawValue, byteCount: header.fileSize),
        arrived.contains(place)
      else {
        throw .malformed(path: path, at: header.fileOffset, "the notes did not arrive whole")
      }
    }
    var trimmer = ELFTrimmer(core, arrived: arrived)
    do throws(SystemError) { try trimmer.trim(file) } catch { throw .system(error) }
    keptPages = trimmer.keptPages
    pages = trimmer.pages
  }
}
