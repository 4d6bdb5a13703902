public import Platform

/// A dump's bytes by their place in the dump, wherever they lie: in a file as they are, or in the records of
/// a flattened stream.
public struct InputFile: ~Copyable, Sendable {
  private let file: FileDescriptor
  /// Bytes of the dump as they were when it was opened.
  public let size: UInt64

  /// Opens a file that can be read at any place.
  ///
  /// - Throws: ``VmcoreError/foreign(path:_:)`` for a pipe.
  public init(opening path: String) throws(VmcoreError) {
    let file = try VmcoreError.wrapping { () throws(SystemError) in
      try FileDescriptor.open(reading: path)
    }
    if file.kind == .pipeOrSocket {
      throw .foreign(path: path, "a pipe; a vmcore must be a file that can be read at any place")
    }
    size = try VmcoreError.wrapping { () throws(SystemError) in try file.size() }
    self.file = file
  }

  public var path: String { file.path }

  /// Whether ``map(_:)`` can work at all.
  var canBeMapped: Bool { true }

  /// Reads until the buffer is full or the dump ends; returns the bytes read.
  public func read(into buffer: inout MutableRawSpan, at offset: FileOffset) throws(SystemError) -> Int {
    try file.read(into: &buffer, at: offset)
  }

  /// Maps a part of the file; see `FileMapping`.
  func map(_ range: Range<UInt64>) throws(SystemError) -> FileMapping {
    try FileMapping(file, from: FileOffset(range.lowerBound), byteCount: range.count)
  }
}
