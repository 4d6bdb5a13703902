public import Platform
public import Vmcore

/// Makes what arrived of a dump one that can be read: marked incomplete, with no descriptor, or no PT_LOAD, of what did
/// not arrive.
public struct PartialDump: ~Copyable {
  /// Pages whose data is there, of ``pages`` that the dump should have.
  public private(set) var keptPages: UInt64 = 0
  public private(set) var pages: UInt64 = 0
  private let path: String
  private let arrived: ArrivedRanges

  /// - Parameter file: what the reader wrote to, whose length may change.
  public init(_ file: borrowing FileDescriptor, _ reader: borrowing FlattenedReader) {
    path = file.path
    arrived = reader.arrived
  }

  /// Makes the file what it is to be.
  ///
  /// - Throws: ``VmcoreError`` where the headers or the bitmaps did not arrive, or in a file of another format.
  public mutating func complete(_ file: borrowing FileDescriptor) throws(VmcoreError) {
    let input = try InputFile(opening: path)
    if try KdumpHeaders.recognises(input) {
      var part = try PartialKdump(KdumpFile(input), arrived)
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
      let place = header.fileOffset.rawValue..<header.fileOffset.rawValue &+ header.fileSize
      guard place.isEmpty || arrived.contains(place) else {
        throw .malformed(path: path, at: header.fileOffset, "the notes did not arrive whole")
      }
    }
    var trimmer = ELFTrimmer(core, arrived)
    do throws(SystemError) { try trimmer.trim(file) } catch { throw .system(error) }
    keptPages = trimmer.keptPages
    pages = trimmer.pages
  }
}

/// Makes what arrived of a kdump-compressed dump a dump that can be read.
private struct PartialKdump: ~Copyable {
  private let kdump: KdumpFile
  private let arrived: ArrivedRanges
  private var buffer: PageBuffer
  private(set) var keptPages: UInt64 = 0
  var pages: UInt64 { kdump.pageCount }

  /// Descriptors that are looked at together.
  private static let batch = 2730

  init(_ kdump: KdumpFile, _ arrived: ArrivedRanges) throws(VmcoreError) {
    let buffer: PageBuffer
    do throws(SystemError) { buffer = try PageBuffer(byteCount: Self.batch * PageDescriptor.byteCount) } catch
    {
      throw .system(error)
    }
    let block = kdump.headers.blockSize
    let bitmaps = kdump.headers.bitmaps..<kdump.descriptors
    for part in [
      0..<UInt64(DiskdumpHeader.byteCount), block..<block + UInt64(KdumpSubHeader.byteCount),
      kdump.headers.subHeader.notes, bitmaps,
    ] where !part.isEmpty && !arrived.contains(part) {
      // Where there is no memory, bitmaps have no records; they are whole if what follows them has begun to come.
      if part == bitmaps, arrived.ranges.contains(where: { $0.upperBound > kdump.descriptors }) { continue }
      throw .malformed(
        path: kdump.file.path, at: FileOffset(part.lowerBound), "the headers and bitmaps did not arrive whole"
      )
    }
    self.kdump = kdump
    self.arrived = arrived
    self.buffer = buffer
  }

  /// Clears the descriptors of what is not there, and sets the mark.
  mutating func complete(_ file: borrowing FileDescriptor) throws(SystemError) {
    if try file.size() < kdump.dataStart { try file.truncate(to: kdump.dataStart) }
    var first: UInt64 = 0
    while first < kdump.pageCount {
      let count = Int(min(kdump.pageCount - first, UInt64(Self.batch)))
      let place = FileOffset(kdump.descriptorOffset(first))
      let byteCount = count * PageDescriptor.byteCount
      try Self.read(&buffer, byteCount, file, place)
      if clear(first, count) { try file.write(buffer.bytes.extracting(first: byteCount), at: place) }
      first += UInt64(count)
    }
    let status = kdump.headers.header.status.union(.incomplete)
    Self.store(status, in: &buffer)
    try file.write(buffer.bytes.extracting(first: 4), at: FileOffset(DiskdumpHeader.statusPlace))
  }

  /// Clears descriptors in the buffer; returns whether there were any.
  private mutating func clear(_ first: UInt64, _ count: Int) -> Bool {
    var changed = false
    for index in 0..<count {
      let position = index * PageDescriptor.byteCount
      let own = kdump.descriptorOffset(first + UInt64(index))
      let descriptor = PageDescriptor(
        decoding: buffer.bytes.extracting(position..<position + PageDescriptor.byteCount))
      let data = descriptor.offset..<descriptor.offset &+ UInt64(descriptor.size)
      if arrived.contains(own..<own + UInt64(PageDescriptor.byteCount)),
        kdump.state(of: descriptor) == .stored,
        arrived.contains(data)
      {
        keptPages += 1
      } else {
        var bytes = buffer.mutableBytes
        PageDescriptor.missing.encode(into: &bytes, at: position)
        changed = true
      }
    }
    return changed
  }

  private static func read(
    _ buffer: inout PageBuffer, _ byteCount: Int, _ file: borrowing FileDescriptor, _ place: FileOffset
  ) throws(SystemError) {
    var bytes = buffer.mutableBytes(in: 0..<byteCount)
    guard try file.read(into: &bytes, at: place) == byteCount else {
      throw SystemError("pread", file.path, .inputOutput)
    }
  }

  private static func store(_ status: DumpStatus, in buffer: inout PageBuffer) {
    var bytes = buffer.mutableBytes
    bytes.storeBytes(of: status.rawValue.littleEndian, toByteOffset: 0, as: UInt32.self)
  }
}
