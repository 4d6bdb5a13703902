internal import DumpMemory

/// The log of Linux 3.5 to 5.9: records of a header and its text, one behind the other (`struct printk_log`,
/// `struct log` before 3.11). A record of length 0 says that the next is at the beginning of the buffer.
struct PrintkRecords {
  private let buffer: VirtualAddress
  private let size: UInt64
  /// Bytes of the header, and where its members are.
  private let headerSize: Int
  private let time: Int
  private let length: Int
  private let textLength: Int
  private let caller: Int?
  private let end: UInt64
  private var next: UInt64
  /// Bytes of the buffer that were walked over: never more than it has.
  private var walked: UInt64 = 0

  init(_ info: VMCOREINFO, source: inout LogSource, sinceClear: Bool) throws(KernelError) {
    let name = info.size("printk_log") != nil ? "printk_log" : "log"
    headerSize = try info.logSize(name)
    time = try info.logOffset("\(name).ts_nsec")
    length = try info.logOffset("\(name).len")
    textLength = try info.logOffset("\(name).text_len")
    caller = info.offset("\(name).caller_id")
    buffer = VirtualAddress(try source.number(info.logSymbol("log_buf"), as: UInt64.self))
    size = try source.number(info.logSymbol("log_buf_len"), as: UInt32.self)
    end = try source.number(info.logSymbol("log_next_idx"), as: UInt32.self)
    let first = sinceClear ? "clear_idx" : "log_first_idx"
    next = try source.number(info.logSymbol(first), as: UInt32.self)
    guard size >= UInt64(headerSize), size <= source.memorySize else {
      throw .damagedLog("its buffer has \(size) bytes")
    }
    guard end <= size else { throw .damagedLog("it ends at \(end) in a buffer of \(size) bytes") }
  }

  var stretch: (start: VirtualAddress, byteCount: UInt64) { (buffer, size) }

  mutating func appendNext(
    from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelError) -> Bool {
    guard next != end else { return false }
    var record = try recordLength(&source)
    if record == 0 {
      walked += size - next
      next = 0
      if next == end { return false }
      record = try recordLength(&source)
    }
    guard record >= headerSize, next + UInt64(record) <= size else {
      throw .damagedLog("a record at \(next) has \(record) bytes")
    }
    walked += UInt64(record)
    guard walked <= size else { throw .damagedLog("its records go round and never reach \(end)") }

    let start = buffer + Int(next)
    let textSize = Int(try source.number(start + textLength, as: UInt16.self))
    guard textSize <= record - headerSize else {
      throw .damagedLog("the record at \(next) has \(record) bytes, and \(textSize) of text")
    }
    var message = LogMessage(nanoseconds: try source.number(start + time, as: UInt64.self))
    if let caller { message.caller = UInt32(try source.number(start + caller, as: UInt32.self)) }
    var line: [UInt8] = []
    try source.withText(start + headerSize, byteCount: textSize) { message.append($0, to: &line) }
    output += line
    next += UInt64(record)
    return true
  }

  private func recordLength(_ source: inout LogSource) throws(KernelError) -> Int {
    guard next + UInt64(headerSize) <= size else {
      throw .damagedLog("a record begins at \(next) in a buffer of \(size) bytes")
    }
    return Int(try source.number(buffer + Int(next) + length, as: UInt16.self))
  }
}
