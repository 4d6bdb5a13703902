internal import DumpMemory
internal import Platform

/// The messages of the dead kernel, as text, oldest first.
///
/// There were three forms of printk's buffer: characters (before Linux 3.5), records (until 5.9), and a ring
/// of descriptors (from 5.10). Which one a kernel has shows in VMCOREINFO. A hostile or broken log ends in an
/// error and never in an endless text: no byte of the buffer is shown twice.
public struct KernelLog: ~Copyable {
  private enum Form {
    case characters(PrintkCharacters)
    case records(PrintkRecords)
    case ring(PrintkRing)
  }

  private var form: Form
  private var source: LogSource

  /// - Parameter sinceClear: whether to begin where the log was last cleared (`dmesg -c`); the oldest form
  ///   does not tell, and is always shown whole.
  public init(
    _ kernel: Kernel, sinceClear: Bool
  ) throws(KernelError) {
    var source = try LogSource(kernel)
    form = try Self.form(kernel.info, source: &source, sinceClear: sinceClear)
    self.source = source
  }

  private static func form(
    _ info: VMCOREINFO, source: inout LogSource, sinceClear: Bool
  ) throws(KernelError) -> Form {
    if info.symbol("prb") != nil {
      return .ring(try PrintkRing(info, source: &source, sinceClear: sinceClear))
    }
    if info.symbol("log_next_idx") != nil {
      return .records(try PrintkRecords(info, source: &source, sinceClear: sinceClear))
    }
    if info.symbol("log_end") != nil { return .characters(try PrintkCharacters(info, source: &source)) }
    throw .unknownLog("SYMBOL(prb), SYMBOL(log_next_idx) or SYMBOL(log_end)")
  }

  /// Where the log lies.
  var stretches: [(start: VirtualAddress, byteCount: UInt64)] {
    switch form {
    case .characters(let characters): [characters.stretch]
    case .records(let records): [records.stretch]
    case .ring(let ring): ring.stretches
    }
  }

  /// What had to be left out so far.
  public var losses: LogLosses {
    if case .ring(let ring) = form { ring.losses } else { LogLosses() }
  }

  /// Appends the next message, or a piece of the text; returns false at the end.
  public mutating func appendNext(to output: inout [UInt8]) throws(KernelError) -> Bool {
    switch form {
    case .characters(var characters):
      defer { form = .characters(characters) }
      return try characters.appendNext(from: &source, to: &output)
    case .records(var records):
      defer { form = .records(records) }
      return try records.appendNext(from: &source, to: &output)
    case .ring(var ring):
      defer { form = .ring(ring) }
      return try ring.appendNext(from: &source, to: &output)
    }
  }
}
