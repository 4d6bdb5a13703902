internal import Platform

/// Reads DWARF's encodings from a stretch of bytes; what would reach past the end sets ``failed``.
struct DWARFCursor: ~Escapable {
  let bytes: RawSpan
  var at: Int
  var failed = false

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) {
    self.bytes = bytes
    at = offset
  }

  @inline(__always)
  mutating func number<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value {
    guard let value = bytes.littleEndian(at: at, as: type) else {
      failed = true
      return 0
    }
    at += MemoryLayout<Value>.size
    return value
  }

  /// A number of 7 bits a byte.
  @inline(__always)
  mutating func uleb() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = number(UInt8.self)
      if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
      if byte & 0x80 == 0 || failed { return value }
      shift += 7
    }
  }

  mutating func skip(_ count: UInt64) {
    guard count <= UInt64(bytes.byteCount - min(at, bytes.byteCount)) else {
      failed = true
      return
    }
    at += Int(count)
  }

  /// Passes over a string and its NUL.
  mutating func skipString() {
    while !failed, number(UInt8.self) != 0 {}
  }
}
