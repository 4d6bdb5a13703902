/// An input that is taken apart from its beginning; behind its end there are zeros.
struct InputBytes {
  private let bytes: [UInt8]
  private var at: Int

  init(_ bytes: [UInt8], from start: Int = 0) {
    self.bytes = bytes
    at = min(start, bytes.count)
  }

  var isEmpty: Bool { at == bytes.count }
  /// What was not taken yet.
  var rest: ArraySlice<UInt8> { bytes[at...] }

  mutating func byte() -> UInt8 {
    guard at < bytes.count else { return 0 }
    at += 1
    return bytes[at - 1]
  }

  /// A little-endian number.
  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type = Value.self) -> Value {
    var value: Value = 0
    for index in 0..<MemoryLayout<Value>.size { value |= Value(byte()) << Value(index * 8) }
    return value
  }

  /// So many bytes, or as many as there are.
  mutating func take(_ count: Int) -> [UInt8] {
    let end = min(at + count, bytes.count)
    defer { at = end }
    return Array(bytes[at..<end])
  }
}
