internal import DumpMemory
internal import Platform

/// Makes what arrived of a kdump-compressed dump a dump that can be read.
struct PartialKdump: ~Copyable {
  private let kdump: KdumpFile
  private let arrived: ArrivedRanges
  private var buffer: MappedBuffer
  private(set) var keptPages: UInt64 = 0
  var pages: UInt64 { kdump.pageCount }

  /// Descriptors that are looked at together.
  private static let batch = 2730

  init(_ kdump: KdumpFile, arrived: ArrivedRanges) throws(VmcoreError) {
    let buffer: MappedBuffer
    do throws(SystemError) {
      buffer = try MappedBuffer(byteCount: Self.batch * PageDescriptor.byteCount)
    } catch {
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
      try Self.read(&buffer, byteCount: byteCount, file: file, place: place)
      if clear(first, count: count) { try file.write(buffer.bytes.extracting(first: byteCount), at: place) }
      first += UInt64(count)
    }
    try DumpMark.set(on: file, besides: kdump.headers.header.status)
  }

  /// Clears descriptors in the buffer; returns whether there were any.
  private mutating func clear(_ first: UInt64, count: Int) -> Bool {
    var changed = false
    for index in 0..<count {
      let position = index * PageDescriptor.byteCount
      let own = kdump.descriptorOffset(first + UInt64(index))
      let descriptor = PageDescriptor(
        decoding: buffer.bytes.extracting(position..<position + PageDescriptor.byteCount))
      if arrived.contains(own..<own + UInt64(PageDescriptor.byteCount)),
        kdump.state(of: descriptor) == .stored,
        arrived.contains(descriptor.range)
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
    _ buffer: inout MappedBuffer, byteCount: Int, file: borrowing FileDescriptor, place: FileOffset
  ) throws(SystemError) {
    var bytes = buffer.mutableBytes(in: 0..<byteCount)
    guard try file.read(into: &bytes, at: place) == byteCount else {
      throw SystemError("pread", subject: file.path, code: .inputOutput)
    }
  }
}
