internal import CLinux

/// One of the two streams that messages go to. Unbuffered: the last line before a crash must be out.
public struct StandardStream: Sendable, Equatable {
  let descriptor: Int32

  public static let output = StandardStream(descriptor: 1)
  public static let error = StandardStream(descriptor: 2)

  /// Whether a person sees the stream as it is written, so that a line may be drawn over.
  public var isTerminal: Bool {
    isatty(descriptor) == 1
  }

  /// Whether the stream was open for writing when the program began.
  public var isWritable: Bool {
    let flags = clinux_file_flags(descriptor)
    return flags >= 0 && flags & O_ACCMODE != O_RDONLY
  }

  /// Gives the descriptors of closed streams to something that can be neither read nor written as the stream would be,
  /// before any file is opened: a dump that got number 2 would have the messages in it.
  public static func occupyClosed() {
    for number: Int32 in 0...2 where clinux_file_flags(number) < 0 {
      // The lowest number that is free is this one.
      let way = number == 0 ? O_WRONLY : O_RDONLY
      if unsafe clinux_open("/dev/null", way, 0) < 0 { unsafe _ = clinux_open("/", O_RDONLY, 0) }
    }
  }

  /// Writes text.
  ///
  /// - Returns: why not all of it could be written. A stream that nobody reads any more is no reason to stop dumping, but
  ///   where the text is what was asked for, that is a failure.
  @discardableResult
  public func write(_ printable: PrintableText) -> SystemError? {
    var text = printable.text
    return text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        do throws(SystemError) {
          let count = try SystemError.streaming("write", subject: name, descriptor, for: POLLOUT) {
            unsafe CLinux.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
          }
          guard count > 0 else { throw SystemError("write", subject: name, code: .noSpace) }
          done += count
        } catch { return error }
      }
      return nil
    }
  }

  private var name: String { self == .error ? "STDERR" : "STDOUT" }
}
