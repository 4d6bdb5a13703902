/// A message of the kernel's log.
public struct LogEntry: Sendable {
  public var text: [UInt8]
  public var nanoseconds: UInt64
  public var caller: UInt32
  /// Linux 5.10: whether the message is finished, and so to be seen.
  public var isFinished = true

  public init(_ text: [UInt8], nanoseconds: UInt64 = 0, caller: UInt32 = 0) {
    self.text = text
    self.nanoseconds = nanoseconds
    self.caller = caller
  }

  public init(_ text: String, nanoseconds: UInt64 = 0, caller: UInt32 = 0) {
    self.init(Array(text.utf8), nanoseconds: nanoseconds, caller: caller)
  }
}

extension SyntheticKernel {
  /// Where the log's variables are, in the image's page of data.
  public var logVariables: UInt64 { image.lowerBound << 12 + 0x2b00 }
  private var logVariablesAddress: UInt64 { text + 0x2b00 }
  /// The page of the configuration's memory that the log's buffers begin in.
  static let logPage: UInt64 = 16

  private func logSymbol(_ name: String, at offset: UInt64) {
    setKey("SYMBOL(\(name))", String(logVariablesAddress + offset, radix: 16))
  }

  private func logNumbers(_ lines: [(String, Int)]) {
    for (key, value) in lines { setKey(key, String(value)) }
  }

  /// The log of kernels before 3.5: a ring of characters.
  ///
  /// - Parameter overwritten: characters that were printed before these, and are gone.
  public func writeCharacterLog(_ text: [UInt8], size: Int, overwritten: Int = 0) {
    let buffer = Self.logPage << 12
    var ring = [UInt8](repeating: 0, count: size)
    for (index, byte) in text.enumerated() { ring[(overwritten + index) % size] = byte }
    memory.store(ring, at: buffer)
    memory.store(pageOffset &+ buffer, at: logVariables)
    memory.store(UInt32(size), at: logVariables + 8)
    memory.store(UInt32(overwritten + text.count), at: logVariables + 16)
    memory.store(UInt32(min(size, overwritten + text.count)), at: logVariables + 24)
    logSymbol("log_buf", at: 0)
    logSymbol("log_buf_len", at: 8)
    logSymbol("log_end", at: 16)
    logSymbol("logged_chars", at: 24)
  }

  /// The log of 3.5 to 5.9: a buffer of records, the first of them at `start`.
  ///
  /// - Parameters:
  ///   - structure: `printk_log`, or `log` before 3.11.
  ///   - hasCaller: whether records say who printed them (CONFIG_PRINTK_CALLER, 5.1).
  ///   - cleared: the messages before this one were cleared.
  /// - Returns: the physical addresses of the records.
  @discardableResult
  public func writeRecordLog(
    _ entries: [LogEntry], size: Int, start: Int = 0, structure: String = "printk_log",
    hasCaller: Bool = false,
    cleared: Int = 0
  ) -> [UInt64] {
    let buffer = Self.logPage << 12
    let header = hasCaller ? 20 : 16
    var ring = [UInt8](repeating: 0, count: size)
    var at = start
    var places: [Int] = []
    for entry in entries {
      let dictionary = Array("SUBSYSTEM=lab".utf8)
      let length = (header + entry.text.count + dictionary.count + 3) / 4 * 4
      // A header of zeros must fit behind the last record, to say that the log goes on at the beginning.
      if at + length + header > size {
        for index in at..<min(at + header, size) { ring[index] = 0 }
        at = 0
      }
      ring.storeLittleEndian(entry.nanoseconds, at: at)
      ring.storeLittleEndian(UInt16(length), at: at + 8)
      ring.storeLittleEndian(UInt16(entry.text.count), at: at + 10)
      ring.storeLittleEndian(UInt16(dictionary.count), at: at + 12)
      if hasCaller { ring.storeLittleEndian(entry.caller, at: at + 16) }
      ring.replaceSubrange(at + header..<at + header + entry.text.count, with: entry.text)
      let behind = at + header + entry.text.count
      ring.replaceSubrange(behind..<behind + dictionary.count, with: dictionary)
      places.append(at)
      at += length
    }
    memory.store(ring, at: buffer)
    memory.store(pageOffset &+ buffer, at: logVariables)
    memory.store(UInt32(size), at: logVariables + 8)
    memory.store(UInt32(start), at: logVariables + 16)
    memory.store(UInt32(at), at: logVariables + 24)
    memory.store(UInt32(cleared < places.count ? places[cleared] : at), at: logVariables + 32)
    logSymbol("log_buf", at: 0)
    logSymbol("log_buf_len", at: 8)
    logSymbol("log_first_idx", at: 16)
    logSymbol("log_next_idx", at: 24)
    logSymbol("clear_idx", at: 32)
    logNumbers([
      ("SIZE(\(structure))", header), ("OFFSET(\(structure).ts_nsec)", 0), ("OFFSET(\(structure).len)", 8),
      ("OFFSET(\(structure).text_len)", 10), ("OFFSET(\(structure).dict_len)", 12),
    ])
    if hasCaller { setKey("OFFSET(\(structure).caller_id)", "16") }
    return places.map { buffer + UInt64($0) }
  }

  /// The log from 5.10: rings of descriptors, informations and texts.
  ///
  /// - Parameters:
  ///   - before: messages that were printed before these, and are overwritten.
  ///   - cleared: the sequence number below which messages were cleared.
  ///   - isLatched: whether `clear_seq` has two copies (5.13).
  public func writeRingLog(
    _ entries: [LogEntry], countBits: UInt64 = 4, sizeBits: UInt64 = 12, before: UInt64 = 0,
    cleared: UInt64 = 0, isLatched: Bool = true
  ) {
    let count: UInt64 = 1 << countBits
    precondition(UInt64(entries.count) <= count)
    let mask = UInt64.max >> 2
    let base = Self.logPage << 12
    let descriptors = base + 0x1000
    let informations = descriptors + (count * 24 + 0xfff) & ~0xfff
    let texts = informations + (count * 88 + 0xfff) & ~0xfff
    let size: UInt64 = 1 << sizeBits
    // The first message that is ever printed has the identifier -count.
    let first = (0 &- count &+ before) & mask
    var position = (0 &- size) &+ before * 64
    for (index, entry) in entries.enumerated() {
      let identifier = (first &+ UInt64(index)) & mask
      let slot = identifier % count
      let state: UInt64 = entry.isFinished ? 2 : 0
      memory.store(state << 62 | identifier, at: descriptors + slot * 24)
      let length = UInt64(8 + entry.text.count + 7) / 8 * 8
      var begin = position
      var end = position &+ length
      if entry.text.isEmpty {
        // NO_LPOS: a message without text has no place.
        begin = 3
        end = 3
      } else if begin / size != (end &- 1) / size {
        end = (end &- 1) / size * size &+ length
      }
      let place = begin / size == (end &- 1) / size ? begin % size : 0
      if !entry.text.isEmpty {
        memory.store(identifier, at: texts + place)
        memory.store(entry.text, at: texts + place + 8)
        position = end
      }
      memory.store(begin, at: descriptors + slot * 24 + 8)
      memory.store(end, at: descriptors + slot * 24 + 16)
      let information = informations + slot * 88
      var bytes: [UInt8] = []
      bytes.appendLittleEndian(before + UInt64(index))
      bytes.appendLittleEndian(entry.nanoseconds)
      bytes.appendLittleEndian(UInt16(entry.text.count))
      bytes.appendLittleEndian(UInt16(0))
      bytes.appendLittleEndian(entry.caller)
      memory.store(bytes, at: information)
    }
    let last = entries.isEmpty ? 0 : UInt64(entries.count) - 1
    // prb points to the structure: the ring of descriptors, then that of texts at 48.
    memory.store(pageOffset &+ base, at: logVariables)
    memory.store(UInt32(countBits), at: base)
    memory.store(pageOffset &+ descriptors, at: base + 8)
    memory.store(pageOffset &+ informations, at: base + 16)
    memory.store((first &+ last) & mask, at: base + 24)
    memory.store(first, at: base + 32)
    memory.store(UInt32(sizeBits), at: base + 48)
    memory.store(pageOffset &+ texts, at: base + 56)
    // latched_seq: the first word says which copy counts.
    memory.store(isLatched ? UInt64(1) : cleared, at: logVariables + 8)
    memory.store(UInt64(0), at: logVariables + 16)
    memory.store(cleared, at: logVariables + 24)
    logSymbol("prb", at: 0)
    logSymbol("clear_seq", at: 8)
    logNumbers([
      ("SIZE(printk_ringbuffer)", 88), ("OFFSET(printk_ringbuffer.desc_ring)", 0),
      ("OFFSET(printk_ringbuffer.text_data_ring)", 48), ("SIZE(prb_desc_ring)", 48),
      ("OFFSET(prb_desc_ring.count_bits)", 0), ("OFFSET(prb_desc_ring.descs)", 8),
      ("OFFSET(prb_desc_ring.infos)", 16), ("OFFSET(prb_desc_ring.head_id)", 24),
      ("OFFSET(prb_desc_ring.tail_id)", 32), ("SIZE(prb_desc)", 24), ("OFFSET(prb_desc.state_var)", 0),
      ("OFFSET(prb_desc.text_blk_lpos)", 8), ("SIZE(prb_data_blk_lpos)", 16),
      ("OFFSET(prb_data_blk_lpos.begin)", 0), ("OFFSET(prb_data_blk_lpos.next)", 8),
      ("SIZE(printk_info)", 88),
      ("OFFSET(printk_info.seq)", 0), ("OFFSET(printk_info.ts_nsec)", 8),
      ("OFFSET(printk_info.text_len)", 16),
      ("OFFSET(printk_info.caller_id)", 20), ("SIZE(prb_data_ring)", 32),
      ("OFFSET(prb_data_ring.size_bits)", 0),
      ("OFFSET(prb_data_ring.data)", 8), ("OFFSET(atomic_long_t.counter)", 0),
    ])
    if isLatched {
      logNumbers([("SIZE(latched_seq)", 24), ("OFFSET(latched_seq.val)", 8)])
    } else {
      removeKey("SIZE(latched_seq)")
    }
  }
}
