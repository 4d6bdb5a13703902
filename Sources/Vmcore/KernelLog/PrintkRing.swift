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

  /// Identifiers have the bits below the two of the state.
  private static let identifierMask = UInt64.max >> 2

  init(_ info: VMCOREINFO, _ source: inout LogSource, sinceClear: Bool) throws(KernelLogError) {
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
    guard countBits < 40, sizeBits < 40, 1 << sizeBits <= source.memorySize,
      UInt64(layout.informationSize) << countBits <= source.memorySize
    else { throw .damaged("it has 2^\(countBits) descriptors and 2^\(sizeBits) bytes of text") }
    count = 1 << countBits
    textSize = 1 << sizeBits

    let head = try source.number(descriptorRing + layout.head, as: UInt64.self) & Self.identifierMask
    let tail = try source.number(descriptorRing + layout.tail, as: UInt64.self) & Self.identifierMask
    left = (head &- tail) & Self.identifierMask + 1
    guard left <= count else { throw .damaged("its ring of \(count) goes from \(tail) to \(head)") }
    next = tail
    textLeft = textSize
    firstSequence = sinceClear ? try Self.clearSequence(info, &source) : 0
  }

  /// Where the log was last cleared. From 5.13 there are two copies, and the first word says which is good.
  private static func clearSequence(
    _ info: VMCOREINFO, _ source: inout LogSource
  ) throws(KernelLogError) -> UInt64 {
    let address = try info.logSymbol("clear_seq")
    guard info.size("latched_seq") != nil else { return try source.number(address, as: UInt64.self) }
    let copy = try source.number(address, as: UInt32.self) & 1
    return try source.number(address + info.logOffset("latched_seq.val") + Int(copy) * 8, as: UInt64.self)
  }

  mutating func appendNext(
    from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelLogError) -> Bool {
    while left > 0 {
      let identifier = next
      next = (next + 1) & Self.identifierMask
      left -= 1
      if try appendMessage(identifier, from: &source, to: &output) { return true }
    }
    return false
  }

  /// Returns false where the descriptor holds no message, or an older or unfinished one.
  private mutating func appendMessage(
    _ identifier: UInt64, from source: inout LogSource, to output: inout [UInt8]
  ) throws(KernelLogError) -> Bool {
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
    guard let text = try text(of: descriptor, length: length, &source) else { return false }
    guard UInt64(text.count) <= textLeft else { throw .damaged("its messages have more text than it holds") }
    textLeft -= UInt64(text.count)
    var line: [UInt8] = []
    try source.withText(texts + text.lowerBound, byteCount: text.count) { message.append($0, to: &line) }
    output += line
    return true
  }

  /// Where in the ring of texts a message's own lies; nil for a message without.
  private func text(
    of descriptor: VirtualAddress, length: UInt64, _ source: inout LogSource
  ) throws(KernelLogError) -> Range<Int>? {
    var begin = try source.number(descriptor + layout.begin, as: UInt64.self) % textSize
    var end = try source.number(descriptor + layout.end, as: UInt64.self) % textSize
    if begin == end { return nil }
    // Newer kernels let a block end where the ring does; older ones moved it to the beginning.
    if end == 0 { end = textSize }
    // A block that would reach over the end lies at the beginning, whole.
    if begin > end { begin = 0 }
    // The descriptor's identifier comes first.
    begin += 8
    guard begin <= end else { throw .damaged("a message of \(length) bytes has \(end) bytes of room") }
    return Int(begin)..<Int(begin + min(length, end - begin))
  }
}
