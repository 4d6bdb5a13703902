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

  /// Writes text; a stream that nobody reads any more is no reason to stop dumping.
  public func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        let count = unsafe CLinux.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count > 0 {
          done += count
        } else if count == 0 || Errno.current != .interrupted {
          return
        }
      }
    }
  }
}
