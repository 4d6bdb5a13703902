internal import DumpMemory
public import Platform

/// A text in the last bytes of a dump, in the form of an ELF note. No header names the place, so that readers never come there,
/// and what is made of the dump does not take it along.
public struct EndNote: Hashable, Sendable {
  public let text: String

  /// Of the whole note, header and name with it.
  private static let byteCount = 512
  private static let name: UInt64 = 0x0045_5645_4953_4d56  // VMSIEVE\0

  /// `Elf64_Nhdr`, the name and the text.
  private enum Layout {
    static var nameSize: Field<UInt32> { Field(0) }
    static var textSize: Field<UInt32> { Field(4) }
    static var type: Field<UInt32> { Field(8) }
    static var name: Field<UInt64> { Field(12) }
    static let text = 20
  }

  /// - Parameter text: of a length that is cut to what the note has room for.
  public init(_ text: String) {
    self.text = String(decoding: text.utf8.prefix(Self.byteCount - Layout.text), as: UTF8.self)
  }

  /// Reads the note of a file; nil where it has none.
  public init?(of file: borrowing FileDescriptor) throws(SystemError) {
    let size = try file.size()
    guard size >= UInt64(Self.byteCount) else { return nil }
    var buffer = try MappedBuffer(byteCount: Self.byteCount)
    var room = buffer.mutableBytes
    guard try file.read(into: &room, at: FileOffset(size - UInt64(Self.byteCount))) == Self.byteCount else {
      return nil
    }
    let bytes = buffer.bytes
    guard Layout.nameSize.load(from: bytes) == 8, Layout.name.load(from: bytes) == Self.name,
      Layout.type.load(from: bytes) == 1,
      Layout.textSize.load(from: bytes) == UInt32(Self.byteCount - Layout.text)
    else { return nil }
    text = unsafe bytes.extracting(Layout.text..<Self.byteCount).withUnsafeBytes { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// Puts the note behind all that a file has.
  public func append(to file: borrowing FileDescriptor) throws(SystemError) {
    let size = try file.size()
    var buffer = try MappedBuffer(byteCount: Self.byteCount)
    Self.encode(text, into: &buffer)
    try file.write(buffer.bytes, at: FileOffset(size))
  }

  /// Cuts the note off a file that was copied with it, and is now another.
  public static func remove(from file: borrowing FileDescriptor) throws(SystemError) {
    guard try EndNote(of: file) != nil else { return }
    try file.truncate(to: try file.size() - UInt64(byteCount))
  }

  private static func encode(_ text: String, into buffer: inout MappedBuffer) {
    var bytes = buffer.mutableBytes
    Layout.nameSize.store(8, in: &bytes)
    Layout.textSize.store(UInt32(byteCount - Layout.text), in: &bytes)
    Layout.type.store(1, in: &bytes)
    Layout.name.store(name, in: &bytes)
    for (index, byte) in text.utf8.enumerated() {
      bytes.storeBytes(of: byte, toByteOffset: Layout.text + index, as: UInt8.self)
    }
  }
}
