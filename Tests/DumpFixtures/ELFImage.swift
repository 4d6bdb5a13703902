/// A built ELF core and where its parts lie, so that a test can damage one of them.
public struct ELFImage: Sendable {
  public var bytes: [UInt8]
  /// File offset of the program headers.
  public let programHeaders: Int
  /// Number of program headers, PT_NOTE included.
  public let programHeaderCount: Int
  /// File range of the PT_NOTE contents.
  public let notes: Range<Int>
  /// File range of the VMCOREINFO text, if there is one.
  public let vmcoreinfo: Range<Int>?
  /// File offset of each segment's bytes, in the order of the builder's segments.
  public let segments: [Int]

  public func write() throws -> TemporaryFile {
    try TemporaryFile(bytes)
  }
}
