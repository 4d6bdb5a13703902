import PageCompression
import Platform

/// The bytes of a dump from one file into another, by the system calls of a dump without compression, and each page looked at for zeros: the
/// machine's memory and kernel are no faster than that.
enum CopyAlone {
  private static let readSize = 128 << 10
  private static let writeSize = 256 << 10
  private static let pageSize = 4096

  /// Prints how long it took.
  static func run(from source: String, to target: String) throws {
    let input = try FileDescriptor.open(reading: source)
    let output = try FileDescriptor.create(target, replacing: true)
    var read = try MappedBuffer(byteCount: readSize)
    var written = try MappedBuffer(byteCount: writeSize)
    var filled = 0
    var end: UInt64 = 0
    var place: UInt64 = 0
    let size = try input.size() / UInt64(pageSize) * UInt64(pageSize)
    let begin = MonotonicClock.microseconds()
    while place < size {
      let count = Int(min(UInt64(readSize), size - place))
      var room = read.mutableBytes(in: 0..<count)
      guard try input.read(into: &room, at: FileOffset(place)) == count else {
        throw MicroFailure("\(source) ends early")
      }
      for start in stride(from: 0, to: count, by: pageSize) {
        let page = read.bytes.extracting(start..<start + pageSize)
        if isZeroPage(page) { continue }
        var bytes = written.mutableBytes(in: filled..<filled + pageSize)
        bytes.copy(page, at: 0)
        filled += pageSize
        if filled == writeSize {
          try output.write(written.bytes, at: FileOffset(end))
          end += UInt64(filled)
          filled = 0
        }
      }
      place += UInt64(count)
    }
    try output.write(written.bytes.extracting(first: filled), at: FileOffset(end))
    let time = MonotonicClock.microseconds() - begin
    print("\(end + UInt64(filled)) bytes")
    print("seconds \(Double(time) / 1e6)")
  }
}
