/// An ELF note, as places in the bytes that it was found in.
package struct ELFNote {
  /// Without its terminating NUL.
  package let name: String
  /// n_type
  package let type: UInt32
  /// The header and the padded name and descriptor.
  package let range: Range<Int>
  package let descriptor: Range<Int>

  package static let headerByteCount = 12
  package static let prstatus: UInt32 = 1

  /// Reads the note at an offset; nil at the end, or where its sizes reach past the end.
  package init?(_ bytes: RawSpan, at offset: Int) {
    guard let nameSize = bytes.littleEndian(at: offset, as: UInt32.self),
      let descriptorSize = bytes.littleEndian(at: offset + 4, as: UInt32.self),
      let type = bytes.littleEndian(at: offset + 8, as: UInt32.self)
    else { return nil }
    let nameStart = offset + Self.headerByteCount
    let start = nameStart + (Int(nameSize) + 3) & ~3
    let end = start + Int(descriptorSize)
    guard end <= bytes.byteCount else { return nil }
    name = bytes.text(in: nameStart..<nameStart + Int(nameSize))
    self.type = type
    descriptor = start..<end
    range = offset..<min((end + 3) & ~3, bytes.byteCount)
  }
}
