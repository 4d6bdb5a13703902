internal import DumpMemory
internal import Platform

/// A System.map: what `nm` said of the kernel's vmlinux, as lines of address, kind and name.
public struct SystemMap: ~Copyable {
  private let file: FileDescriptor

  private static let window = 64 << 10

  public init(opening path: String) throws(KernelError) {
    file = try KernelError.wrapping { () throws(SystemError) in try FileDescriptor.open(reading: path) }
  }

  public var path: String { file.path }

  /// Looks names up.
  ///
  /// - Returns: values as the file has them, before KASLR.
  /// - Throws: ``KernelError/malformed(_:)`` if the file's first line is none of a System.map.
  public func values(of names: [String]) throws(KernelError) -> [String: UInt64] {
    var wanted = WantedNames(names)
    var buffer = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: Self.window)
    }
    var offset: UInt64 = 0
    var filled = 0
    var isFirst = true
    while wanted.missing > 0 {
      let got = try KernelError.wrapping { () throws(SystemError) in
        var bytes = buffer.mutableBytes(in: filled..<Self.window)
        return try file.read(into: &bytes, at: FileOffset(offset))
      }
      offset += UInt64(got)
      filled += got
      var start = 0
      while let end = buffer.bytes.firstNewline(in: start..<filled) {
        let isLine = Self.take(buffer.bytes, start..<end, &wanted)
        if isFirst, !isLine { throw .malformed("it is no System.map") }
        isFirst = false
        start = end + 1
      }
      if got == 0 {
        if isFirst || start < filled, !Self.take(buffer.bytes, start..<filled, &wanted), isFirst {
          throw .malformed("it is no System.map")
        }
        break
      }
      guard start > 0 || filled < Self.window else { throw .malformed("it has a line of \(filled) bytes") }
      buffer.moveDown(start..<filled)
      filled -= start
    }
    return wanted.found
  }

  /// `ffffffff81000000 T _stext`
  private static func take(_ bytes: RawSpan, _ line: Range<Int>, _ wanted: inout WantedNames) -> Bool {
    var value: UInt64 = 0
    var at = line.lowerBound
    while at < line.upperBound, let byte = bytes.littleEndian(at: at, as: UInt8.self), byte != 0x20 {
      guard let digit = hexadecimal(byte), at - line.lowerBound < 16 else { return false }
      value = value << 4 | UInt64(digit)
      at += 1
    }
    // A blank, the kind, a blank, and at least one letter.
    guard at > line.lowerBound, at + 3 < line.upperBound,
      bytes.littleEndian(at: at + 2, as: UInt8.self) == 0x20
    else { return false }
    let name = at + 3..<line.upperBound
    if let index = wanted.index(
      ofLength: name.count,
      where: { candidate in
        candidate.indices.allSatisfy { bytes.littleEndian(at: name.lowerBound + $0) == candidate[$0] }
      })
    {
      wanted.note(index, value)
    }
    return true
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    case 0x41...0x46: byte - 0x41 + 10
    default: nil
    }
  }
}

extension RawSpan {
  fileprivate func firstNewline(in range: Range<Int>) -> Int? {
    var at = range.lowerBound
    while at < range.upperBound {
      if unsafe unsafeLoad(fromByteOffset: at, as: UInt8.self) == 0x0a { return at }
      at += 1
    }
    return nil
  }
}
