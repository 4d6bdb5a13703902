internal import CLinux

/// A C library error number.
public struct Errno: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public var rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  public static var inputOutput: Errno { Errno(rawValue: EIO) }
  public static var badAddress: Errno { Errno(rawValue: EFAULT) }
  public static var accessDenied: Errno { Errno(rawValue: EACCES) }
  public static var hardwareFailure: Errno { Errno(rawValue: EHWPOISON) }
  public static var fileExists: Errno { Errno(rawValue: EEXIST) }
  public static var fileTooLarge: Errno { Errno(rawValue: EFBIG) }
  public static var invalidArgument: Errno { Errno(rawValue: EINVAL) }
  public static var noSpace: Errno { Errno(rawValue: ENOSPC) }
  public static var quotaExceeded: Errno { Errno(rawValue: EDQUOT) }
  public static var outOfMemory: Errno { Errno(rawValue: ENOMEM) }
  public static var interrupted: Errno { Errno(rawValue: EINTR) }
  public static var brokenPipe: Errno { Errno(rawValue: EPIPE) }

  /// The number that the last failed call of this thread left behind.
  static var current: Errno { Errno(rawValue: clinux_errno()) }

  /// Whether the error means that the target can take no more bytes: full, over quota, or too large a file.
  public var meansNoSpace: Bool {
    self == .noSpace || self == .quotaExceeded || self == .fileTooLarge
  }

  /// Whether the same may succeed later, or on another machine: no room, no memory, a disk or a network that failed.
  public var mayPass: Bool { Self.passing.contains(rawValue) }

  private static let passing: Set<Int32> = [
    EAGAIN, EBUSY, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDQUOT, EHOSTDOWN, EHOSTUNREACH, EHWPOISON, EINTR,
    EIO,
    EMFILE, ENETDOWN, ENETRESET, ENETUNREACH, ENFILE, ENOBUFS, ENOLCK, ENOLINK, ENOMEM, ENOSPC, EREMOTEIO,
    EROFS,
    ESHUTDOWN, ESTALE, ETIMEDOUT,
  ]

  /// The C library's words for it.
  public var description: String {
    unsafe String(cString: strerror(rawValue))
  }
}
