internal import CLinux

/// A read-only window onto a file, unmapped when its owner goes.
///
/// What lies behind a page may fail when it is read: the dead machine's memory, a disk, a file that is cut meanwhile.
/// The kernel then raises SIGBUS. It does not end the program: the page is replaced by one of zeros, and
/// ``fault(in:)`` tells.
@safe
public struct FileMapping: ~Copyable, Sendable {
  /// Why bytes of a mapping could not be read.
  public enum Fault: Sendable {
    /// The kernel has nothing there. Reading the file (`pread`) says why, or may work.
    case address
    /// The memory itself has failed (BUS_MCEERR_AR). A kernel that is made to read it dies of it.
    case hardware
  }

  nonisolated(unsafe) private let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let guardNumber: Int32

  /// Where a window may begin: Linux maps whole pages.
  public static let alignment = UInt64(clinux_page_size())

  /// Maps a part of a file.
  ///
  /// A regular file is populated at once, so that what cannot be read (a failing disk, a file that was cut
  /// meanwhile) is an error here and not later. `/proc/vmcore` maps the dead kernel's memory itself: `mmap` has
  /// filled the page tables (`remap_pfn_range`), and `madvise` calls such a mapping an invalid argument (VM_PFNMAP).
  ///
  /// - Parameter offset: a multiple of ``alignment``; all of the window must lie inside the file.
  /// - Throws: the error of `mmap` or `madvise`; the caller then reads with `pread`.
  public init(_ file: borrowing FileDescriptor, from offset: FileOffset, byteCount: Int) throws(SystemError) {
    guard byteCount > 0, let start = Int64(exactly: offset.rawValue) else {
      throw SystemError("mmap", subject: file.path, code: .invalidArgument)
    }
    let address = unsafe clinux_mmap(byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, off_t(start))
    guard let address = unsafe address else {
      throw .last("mmap", subject: file.path)
    }
    if file.kind == .regular, !file.isInProc, unsafe clinux_populate_for_reading(address, byteCount) != 0 {
      let error = SystemError.last("madvise", subject: file.path)
      // A kernel before 5.14 does not know how to populate.
      if error.code != .invalidArgument {
        unsafe munmap(address, byteCount)
        throw error
      }
    }
    let number = unsafe clinux_guard_mapping(address, byteCount)
    guard number >= 0 else {
      unsafe munmap(address, byteCount)
      throw SystemError("mmap", subject: file.path, code: .outOfMemory)
    }
    guardNumber = number
    unsafe base = address
    self.byteCount = byteCount
  }

  deinit {
    clinux_release_mapping(guardNumber)
    unsafe munmap(base, byteCount)
  }

  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: byteCount), borrowing: self)
    }
  }

  /// Reads a part, so that its pages fail now if they ever do; to be asked before bytes of it are believed.
  ///
  /// - Returns: nil if the part can be read. Else this window has a page of zeros that are not the file's.
  @inline(__always)
  public borrowing func fault(in part: Range<Int>) -> Fault? {
    precondition(part.lowerBound >= 0 && part.upperBound <= byteCount)
    let fault = unsafe clinux_probe(guardNumber, base + part.lowerBound, part.count)
    switch Int(fault) {
    case 0: return nil
    case CLINUX_HARDWARE_FAULT: return .hardware
    default: return .address
    }
  }
}
