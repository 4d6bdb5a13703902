internal import DumpMemory

/// The log from Linux 5.10: a ring of descriptors, one of informations and one of texts
/// (`struct printk_ringbuffer`).
struct PrintkRing {
  private let layout: PrintkRingLayout
  private let descriptors: VirtualAddress
  private let informations: VirtualAddress
  private let count: UInt64
  private let texts: VirtualAddress
  private let textSize: UInt64
  /// Messages before it were cleared.
  private let firstSequence: UInt64
  private var next: UInt64
  private var left: UInt64
  private var textLeft: UInt64
  private var shown: UInt64 = 0
  /// Messages that are damaged and were left out.
  private(set) var losses = LogLosses()

  /// Identifiers have the bits below the two of the state.
  private static let identifierMask = UInt64.max >> 2
  /// A log has 2 GiB at most (LOG_BUF_LEN_MAX), and a descriptor for each 32 bytes (PRB_AVGBITS).
  private static let descriptorBits: ClosedRange<UInt64> = 1...26
  private static let textBits: ClosedRange<UInt64> = 4...31

  init(_ info: VMCOREINFO, source: inout LogSource, sinceClear: Bool) throws(KernelError) {
    let layout = try PrintkRingLayout(info)
    self.layout = layout
    let ring = VirtualAddress(try source.number(info.logSymbol("prb"), as: UInt64.self))
    let descriptorRing = ring + layout.descriptorRing
    let textRing = ring + layout.textRing
    let countBits = try source.number(descriptorRing + layout.countBits, as: UInt32.self)
    let sizeBits = try source.number(textRing + layout.sizeBits, as: UInt32.self)
    descriptors = VirtualAddress(try source.number(descriptorRing + layout.descriptors, as: UInt64.self))
    informations = VirtualAddress(try source.number(descriptorRing + layout.informations, as: UInt64.self))
    texts = VirtualAddress(try source.number(textRing + layout.texts, as: UInt64.self))
    guard Self.descriptorBits.contains(countBits), Self.textBits.contains(sizeBits), countBits < sizeBits,
      1 << sizeBits <= source.memorySize, UInt64(layout.informationSize) << countBits <= source.memorySize
    else { throw .damagedLog("it has 2^\(countBits) descriptors and 2^\(sizeBits) bytes of text") }
    count = 1 << countBits
    textSize = 1 << sizeBits
    textLeft = textSize
    firstSequence = sinceClear ? try Self.clearSequence(info, source: &source) : 0

    // What is older than the tail is marked reusable, and no descriptor is newer than the head: one lap before and
    // one behind a message that is there have all others.
    let head = try source.number(descriptorRing + layout.head, as: UInt64.self) & Self.identifierMask
    next = (head &- count &+ 1) & Self.identifierMask
    left = 2 * count - 1
    if identifier(inSlotOf: head, &source) == head { return }
    let tail = try source.number(descriptorRing + layout.tail, as: UInt64.self) & Self.identifierMask
    next = (tail &- count &+ 1) & Self.identifierMask
    losses.remark = "its ring of \(count) ends at \(head), where no message is; those elsewhere are shown"
    if identifier(inSlotOf: tail, &source) == tail { return }
    // Most messages are of the same lap around the ring; the others are of the one before or behind it.
    next = (commonLap(&source) &* count &- count) & Self.identifierMask
    left = 3 * count
  }

  /// The identifier that a descriptor has; nil where it cannot be read.
  private func identifier(inSlotOf identifier: UInt64, _ source: inout LogSource) -> UInt64? {
    let descriptor = descriptors + Int(identifier % count) * layout.descriptorSize
    guard let state = try? source.number(descriptor + layout.state, as: UInt64.self) else { return nil }
    return state & Self.identifierMask
  }

  /// How often the ring had been filled when most of its messages were written.
  private func commonLap(_ source: inout LogSource) -> UInt64 {
    var messages: [UInt64: Int] = [:]
    for slot in 0..<count {
      guard let found = identifier(inSlotOf: slot, &source), found % count == slot else { continue }
      messages[found / count, default: 0] += 1
      // Of garbage each is its own.
      if messages.count > 1024 { break }
    }
    return messages.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
  }

  /// Where the log was last cleared. From 5.13 there are two copies, and the first word says which is good.
  private static func clearSequence(
    _ info: VMCOREINFO, source: inout LogSource
  ) throws(KernelError) -> UInt64 {
    let address = try info.logSymbol("clear_seq")
    guard info.size("latched_seq") != nil else { return try source.number(address, as: UInt64.self) }
    let copy = try source.number(address, as: UInt32.self) & 1
    return try source.number(address + info.logOffset("latched_seq.val") + Int(copy) * 8, as: UInt64.self)
  }

  var stretches: [(start: VirtualAddress, byteCount: UInt64)] {
    [
      (descriptors, count * UInt64(layout.descriptorSize)),
      (informations, count * UInt64(layout.informationSize)), (texts, textSize),
    ]
  }

  mutating func appendNext(
    from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelError) -> Bool {
    while left > 0 {
      let identifier = next
      next = (next + 1) & Self.identifierMask
      left -= 1
      do throws(KernelError) {
        if try appendMessage(identifier, from: &source, to: &output) {
          shown += 1
          return true
        }
      } catch {
        // A message that is damaged is no reason to lose the others, but a log of nothing else is none.
        losses.add(error)
        if losses.count > LogLosses.most { throw error }
      }
    }
    if shown == 0, let first = losses.first { throw first }
    if shown == 0, firstSequence == 0 { throw .damagedLog("none of its \(count) descriptors has a message") }
    return false
  }

  /// Returns false where the descriptor holds no message, or an older or unfinished one.
  private mutating func appendMessage(
    _ identifier: UInt64, from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelError) -> Bool {
    let slot = Int(identifier % count)
    let descriptor = descriptors + slot * layout.descriptorSize
    let state = try source.number(descriptor + layout.state, as: UInt64.self)
    // desc_committed is 1, desc_finalized 2.
    guard state & Self.identifierMask == identifier, 1...2 ~= state >> 62 else { return false }
    let information = informations + slot * layout.informationSize
    if firstSequence > 0, let sequence = layout.sequence,
      try source.number(information + sequence, as: UInt64.self) < firstSequence
    {
      return false
    }
    var message = LogMessage(nanoseconds: try source.number(information + layout.time, as: UInt64.self))
    if let caller = layout.caller {
      message.caller = UInt32(try source.number(information + caller, as: UInt32.self))
    }
    let length = try source.number(information + layout.textLength, as: UInt16.self)
    // As in makedumpfile, a message without text is not shown.
    guard let text = try text(of: descriptor, identifier: identifier, length: length, source: &source) else {
      return false
    }
    guard UInt64(text.count) <= textLeft else {
      throw .damagedLog("its messages have more text than it holds")
    }
    textLeft -= UInt64(text.count)
    var line: [UInt8] = []
    try source.withText(texts + text.lowerBound, byteCount: text.count) { message.append($0, to: &line) }
    output += line
    return true
  }

  /// Where in the ring of texts a message's own lies; nil for a message without.
  private func text(
    of descriptor: VirtualAddress, identifier: UInt64, length: UInt64, source: inout LogSource
  ) throws(KernelError) -> Range<Int>? {
    var begin = try source.number(descriptor + layout.begin, as: UInt64.self) % textSize
    var end = try source.number(descriptor + layout.end, as: UInt64.self) % textSize
    if begin == end { return nil }
    // Newer kernels let a block end where the ring does; older ones moved it to the beginning.
    if end == 0 { end = textSize }
    // A block that would reach over the end lies at the beginning, whole.
    if begin > end { begin = 0 }
    // The descriptor's identifier comes first.
    guard begin % 8 == 0, begin + 8 <= end, end <= textSize else {
      throw .damagedLog("a message of \(length) bytes lies from \(begin) to \(end)")
    }
    let owner = try source.number(texts + Int(begin), as: UInt64.self) & Self.identifierMask
    guard owner == identifier else { throw .damagedLog("the text at \(begin) is of another message") }
    begin += 8
    return Int(begin)..<Int(begin + min(length, end - begin))
  }
}
