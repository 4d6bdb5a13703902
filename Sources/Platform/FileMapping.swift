internal import CLinux

/// A read-only window onto a file, unmapped when its owner goes.
@safe
public struct FileMapping: ~Copyable, Sendable {
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Where a window may begin: Linux maps whole pages.
  public static let alignment: UInt64 = 4096

  /// Maps a part of a file.
  ///
  /// A regular file is populated at once, so that what cannot be read (a failing disk, a file that was cut
  /// meanwhile) is an error here and not a SIGBUS later. `/proc/vmcore` maps the dead kernel's memory itself
  /// and has nothing to populate.
  ///
  /// - Parameter offset: a multiple of ``alignment``; all of the window must lie inside the file.
  /// - Throws: the error of `mmap` or `madvise`; the caller then reads with `pread`.
  public init(_ file: borrowing FileDescriptor, from offset: FileOffset, byteCount: Int) throws(SystemError) {
    guard byteCount > 0, let start = Int64(exactly: offset.rawValue) else {
      throw SystemError("mmap", file.path, .invalidArgument)
    }
    let address = unsafe clinux_mmap(byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, off_t(start))
    guard let address = unsafe address else {
      throw .last("mmap", file.path)
    }
    if file.kind == .regular, unsafe clinux_populate_for_reading(address, byteCount) != 0 {
      let error = SystemError.last("madvise", file.path)
      unsafe munmap(address, byteCount)
      throw error
    }
    unsafe base = address
    self.byteCount = byteCount
  }

  deinit {
    unsafe munmap(base, byteCount)
  }

  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: byteCount), borrowing: self)
    }
  }
}
