internal import DumpMemory

/// The log before Linux 3.5: a ring of characters, which are text already.
struct PrintkCharacters {
  private let buffer: VirtualAddress
  private let size: UInt64
  /// Characters that were ever printed (`log_end`), and those that were shown or overwritten.
  private let end: UInt64
  private var next: UInt64

  init(_ info: VMCOREINFO, source: inout LogSource) throws(KernelError) {
    buffer = VirtualAddress(try source.number(info.logSymbol("log_buf"), as: UInt64.self))
    size = try source.number(info.logSymbol("log_buf_len"), as: UInt32.self)
    end = try source.number(info.logSymbol("log_end"), as: UInt32.self)
    guard size > 0, size.nonzeroBitCount == 1, size <= source.memorySize else {
      throw .damagedLog("its buffer has \(size) bytes")
    }
    next = end - min(end, size)
  }

  var stretch: (start: VirtualAddress, byteCount: UInt64) { (buffer, size) }

  mutating func appendNext(
    from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelError) -> Bool {
    guard next < end else { return false }
    let offset = next % size
    let count = Int(min(end - next, size - offset, UInt64(LogSource.mostText)))
    var piece: [UInt8] = []
    try source.withText(buffer + Int(offset), byteCount: count) { text in
      for index in 0..<text.byteCount {
        LogMessage.append(unsafe text.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self), to: &piece)
      }
    }
    output += piece
    next += UInt64(count)
    return true
  }
}

extension VMCOREINFO {
  func logSymbol(_ name: String) throws(KernelError) -> VirtualAddress {
    guard let address = symbol(name) else { throw .unknownLog("SYMBOL(\(name))") }
    return address
  }

  func logOffset(_ name: String) throws(KernelError) -> Int {
    guard let offset = offset(name) else { throw .unknownLog("OFFSET(\(name))") }
    return offset
  }

  func logSize(_ name: String) throws(KernelError) -> Int {
    guard let size = size(name), size > 0 else { throw .unknownLog("SIZE(\(name))") }
    return size
  }
}
