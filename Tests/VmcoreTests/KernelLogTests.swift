import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite("The dead kernel's log is read in each of its three forms")
struct KernelLogTests {
  /// What reading a log comes to.
  struct Outcome {
    var text: String
    var error: KernelError?
    /// Messages that were left out.
    var lost = 0
    var hasRemark = false
  }

  static func read(_ kernel: SyntheticKernel, sinceClear: Bool = false) throws -> Outcome {
    let memory = try OpenedVmcore(kernel.vmcore()).memory
    let info = try #require(memory.vmcoreinfo())
    let crashed = try Kernel(info, of: memory)
    var bytes: [UInt8] = []
    var failure: KernelError?
    var losses: LogLosses?
    do throws(KernelError) {
      var log = try KernelLog(crashed, sinceClear: sinceClear)
      do throws(KernelError) {
        while try log.appendNext(to: &bytes) {}
      } catch { failure = error }
      losses = log.losses
    } catch { failure = error }
    return Outcome(
      text: String(decoding: bytes, as: UTF8.self), error: failure, lost: losses?.count ?? 0,
      hasRemark: losses?.remark != nil)
  }

  private func expect(_ text: String, of kernel: SyntheticKernel, sinceClear: Bool = false) throws {
    let outcome = try Self.read(kernel, sinceClear: sinceClear)
    #expect(outcome.error == nil)
    #expect(outcome.text == text)
  }

  // MARK: - Characters

  @Test("Characters before 3.5 are shown as they are, but for what a terminal would obey")
  func characters() throws {
    let kernel = SyntheticKernel(.v3_10)
    kernel.writeCharacterLog(Array("<6>[    0.000000] Linux\n<4>second\u{7}\r<0>\n".utf8), size: 4096)
    try expect("<6>[    0.000000] Linux\n<4>second\\x07\\x0d<0>\n", of: kernel)
  }

  @Test("A ring of characters that was written over begins with the oldest that is left")
  func charactersWrapped() throws {
    let kernel = SyntheticKernel(.v3_10)
    let text = (0..<4096).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    kernel.writeCharacterLog(text, size: 4096, overwritten: 10_001)
    try expect(String(decoding: text, as: UTF8.self), of: kernel)
  }

  @Test(
    "A ring whose size is no power of two, or larger than memory, is damage", arguments: [0, 5000, 1 << 31])
  func charactersDamaged(size: UInt32) throws {
    let kernel = SyntheticKernel(.v3_10)
    kernel.writeCharacterLog(Array("text".utf8), size: 4096)
    kernel.memory.store(size, at: kernel.logVariables + 8)
    let outcome = try Self.read(kernel)
    #expect(outcome.text == "")
    guard case .malformed = outcome.error else { throw KernelLogTestFailure(outcome.error) }
  }

  // MARK: - Records

  @Test(
    "Records have their time in front; the structure was renamed in 3.11", arguments: ["log", "printk_log"])
  func records(structure: String) throws {
    let kernel = SyntheticKernel(.v4_4)
    kernel.writeRecordLog(
      [
        LogEntry("first"), LogEntry("a\nb", nanoseconds: 1_234_567_890),
        LogEntry("", nanoseconds: 99_999_000_000_000),
        LogEntry([0x41, 0x09, 0x80, 0xff, 0x1b, 0x5c], nanoseconds: 123_456_789_000_000_999),
        // What moves a terminal's cursor, and so what stands there: back, down, to the next page, to the line's beginning.
        LogEntry("over\u{8}\u{b}\u{c}\r[    0.000000] forged\u{7f}", nanoseconds: 1_000_000),
      ], size: 4096, structure: structure)
    try expect(
      """
      [    0.000000] first
      [    1.234567] a
                     b
      [99999.000000]\u{20}
      [123456789.000000] A\t\\x80\\xff\\x1b\\
      [    0.001000] over\\x08\\x0b\\x0c\\x0d[    0.000000] forged\\x7f

      """, of: kernel)
  }

  @Test("Records go on at the beginning of the buffer behind one of length 0")
  func recordsWrapped() throws {
    let kernel = SyntheticKernel(.v5_1)
    let entries = (0..<20).map {
      LogEntry(
        "message \($0)", nanoseconds: UInt64($0) * 1_000_000, caller: $0 % 2 == 0 ? UInt32($0) : 1 << 31 | 7)
    }
    kernel.writeRecordLog(entries, size: 1024, start: 600, hasCaller: true)
    let lines = (0..<20).map {
      let caller = $0 % 2 == 0 ? "T\($0)" : "C7"
      let blanks = String(repeating: " ", count: 8 - caller.count)
      let micros = String($0 * 1000)
      return
        "[    0.\(String(repeating: "0", count: 6 - micros.count))\(micros)] [\(blanks)\(caller)] message \($0)\n"
    }
    try expect(lines.joined(), of: kernel)
  }

  @Test("Since the last clear there are fewer records")
  func recordsCleared() throws {
    let kernel = SyntheticKernel(.v4_14)
    kernel.writeRecordLog([LogEntry("old"), LogEntry("new"), LogEntry("newest")], size: 4096, cleared: 1)
    try expect("[    0.000000] new\n[    0.000000] newest\n", of: kernel, sinceClear: true)
    try expect("[    0.000000] old\n[    0.000000] new\n[    0.000000] newest\n", of: kernel)
  }

  enum RecordDamage: CaseIterable {
    case tooShort, pastTheEnd, tooMuchText, endBetweenRecords, endOutside, startOutside, goesRound
  }

  @Test("A log of records that contradicts itself ends where it does", arguments: RecordDamage.allCases)
  func recordsDamaged(damage: RecordDamage) throws {
    let kernel = SyntheticKernel(.v4_14)
    let places = kernel.writeRecordLog((0..<5).map { LogEntry("message \($0)") }, size: 1024)
    var good = 2
    switch damage {
    case .tooShort: kernel.memory.store(UInt16(15), at: places[2] + 8)
    case .pastTheEnd: kernel.memory.store(UInt16(0xffff), at: places[2] + 8)
    case .tooMuchText: kernel.memory.store(UInt16(500), at: places[2] + 10)
    case .endBetweenRecords:
      // Behind the last record the buffer is clear: a length of 0 leads to the beginning, for ever.
      kernel.memory.store(UInt32(2), at: kernel.logVariables + 24)
      good = 5
    case .endOutside:
      kernel.memory.store(UInt32(1025), at: kernel.logVariables + 24)
      good = 0
    case .startOutside:
      kernel.memory.store(UInt32(0xffff_fff0), at: kernel.logVariables + 16)
      good = 0
    case .goesRound:
      kernel.memory.store(UInt16(0), at: places[2] + 8)
      kernel.memory.store(UInt32(1020), at: kernel.logVariables + 24)
    }
    let outcome = try Self.read(kernel)
    let lines = (0..<good).map { "[    0.000000] message \($0)\n" }.joined()
    #expect(outcome.text.hasPrefix(lines))
    #expect(outcome.text.utf8.count <= 1024 * 2)
    if damage != .endBetweenRecords, damage != .goesRound { #expect(outcome.text == lines) }
    guard case .malformed = outcome.error else { throw KernelLogTestFailure(outcome.error) }
  }

  // MARK: - The ring

  @Test(
    "The ring's messages have their time and who printed them in front; one without text is not shown",
    arguments: [false, true])
  func ring(isLatched: Bool) throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog(
      [
        LogEntry("first"), LogEntry("a\nb", nanoseconds: 1_234_567_890, caller: 1 << 31 | 3), LogEntry(""),
        LogEntry("last", nanoseconds: 7_000_000_000, caller: 4_194_304),
      ], isLatched: isLatched)
    try expect(
      """
      [    0.000000] [      T0] first
      [    1.234567] [      C3] a
                                b
      [    7.000000] [T4194304] last

      """, of: kernel)
  }

  @Test("Rings that were written over, and texts that were moved to the beginning, come out in order")
  func ringWrapped() throws {
    let kernel = SyntheticKernel(.v5_10)
    let entries = (0..<16).map { LogEntry(String(repeating: "x", count: 20) + " \($0)") }
    for before in [0, 3, 61, 1000] as [UInt64] {
      kernel.writeRingLog(entries, sizeBits: 10, before: before)
      let lines = entries.map { "[    0.000000] [      T0] \(String(decoding: $0.text, as: UTF8.self))\n" }
      try expect(lines.joined(), of: kernel)
    }
  }

  @Test("A message that is not finished is left out")
  func ringUnfinished() throws {
    let kernel = SyntheticKernel(.v6_1)
    var second = LogEntry("second")
    second.isFinished = false
    kernel.writeRingLog([LogEntry("first"), second, LogEntry("third")])
    try expect("[    0.000000] [      T0] first\n[    0.000000] [      T0] third\n", of: kernel)
  }

  @Test(
    "Since the last clear there are fewer messages, in a ring that was written over too", arguments: [0, 40])
  func ringCleared(before: UInt64) throws {
    let kernel = SyntheticKernel(.v6_1)
    let entries = (0..<6).map { LogEntry("message \($0)") }
    for isLatched in [true, false] {
      kernel.writeRingLog(entries, before: before, cleared: before + 4, isLatched: isLatched)
      try expect(
        "[    0.000000] [      T0] message 4\n[    0.000000] [      T0] message 5\n", of: kernel,
        sinceClear: true)
    }
    kernel.writeRingLog(entries, before: before, cleared: before / 2)
    #expect(try Self.read(kernel, sinceClear: true).text == Self.read(kernel).text)
  }

  /// The physical addresses of the ring's parts.
  private func parts(_ kernel: SyntheticKernel) -> (
    ring: UInt64, descriptors: UInt64, informations: UInt64, texts: UInt64
  ) {
    let ring = kernel.memory.load(kernel.logVariables, as: UInt64.self) &- kernel.pageOffset
    let pointers = [8, 16, 56].map { kernel.memory.load(ring + $0, as: UInt64.self) &- kernel.pageOffset }
    return (ring, pointers[0], pointers[1], pointers[2])
  }

  @Test(
    "A ring of impossible sizes is damage, one of none at all too",
    arguments: [(0, 0), (0, 27), (0, 39), (48, 0), (48, 3), (48, .max)] as [(UInt64, UInt32)])
  func ringSizes(place: UInt64, bits: UInt32) throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog([LogEntry("first"), LogEntry("second")])
    kernel.memory.store(bits, at: parts(kernel).ring + place)
    let outcome = try Self.read(kernel)
    #expect(outcome.text == "")
    guard case .malformed = outcome.error else { throw KernelLogTestFailure(outcome.error) }
  }

  @Test("A ring without a message is damage, but none since the log was cleared is not")
  func ringEmpty() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog([LogEntry("first"), LogEntry("second")], cleared: 2)
    try expect("", of: kernel, sinceClear: true)
    for slot in 0..<UInt64(16) { kernel.memory.store(UInt64(0), at: parts(kernel).descriptors + slot * 24) }
    guard case .malformed = try Self.read(kernel).error else { throw KernelLogTestFailure(nil) }
  }

  @Test(
    "A head or a tail that is wrong costs no message, both together none either",
    arguments: [(12345, nil), (nil, 1), (12345, 1), (1 << 40, 1 << 41), (nil, 0)] as [(UInt64?, UInt64?)],
    [0, 5, 16, 1000] as [UInt64])
  func ringEnds(ends: (head: UInt64?, tail: UInt64?), before: UInt64) throws {
    let kernel = SyntheticKernel(.v6_1)
    let entries = (0..<16).map { LogEntry("message \($0)") }
    kernel.writeRingLog(entries, before: before)
    let text = entries.map { "[    0.000000] [      T0] \(String(decoding: $0.text, as: UTF8.self))\n" }
      .joined()
    if let head = ends.head { kernel.memory.store(head, at: parts(kernel).ring + 24) }
    if let tail = ends.tail { kernel.memory.store(tail, at: parts(kernel).ring + 32) }
    let outcome = try Self.read(kernel)
    #expect(outcome.error == nil && outcome.text == text)
    #expect(outcome.lost == 0 && outcome.hasRemark == (ends.head != nil))
  }

  @Test("A head that names an older message costs none either", arguments: [0, 5, 16, 1000] as [UInt64])
  func ringOlderHead(before: UInt64) throws {
    let kernel = SyntheticKernel(.v6_1)
    let entries = (0..<16).map { LogEntry("message \($0)") }
    kernel.writeRingLog(entries, before: before)
    let head = parts(kernel).ring + 24
    kernel.memory.store((kernel.memory.load(head, as: UInt64.self) &- 5) & UInt64.max >> 2, at: head)
    let outcome = try Self.read(kernel)
    #expect(outcome.error == nil && outcome.text.split(separator: "\n").count == 16, "\(outcome.text)")
    #expect(outcome.text.hasSuffix("] message 15\n"))
  }

  enum RecordFault: CaseIterable {
    case identifier, begin, end, owner, information
  }

  @Test("A message that is damaged costs itself and no other", arguments: RecordFault.allCases)
  func ringRecord(fault: RecordFault) throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog((0..<5).map { LogEntry("message \($0)") })
    let (_, descriptors, _, texts) = parts(kernel)
    let descriptor = descriptors + 2 * 24
    switch fault {
    case .identifier: kernel.memory.store(UInt64(2) << 62 | 0x1234_5672, at: descriptor)
    case .begin: kernel.memory.store(UInt64(0xfff_ffff_ffff_fff1), at: descriptor + 8)
    case .end:
      kernel.memory.store(kernel.memory.load(descriptor + 8, as: UInt64.self) &+ 4, at: descriptor + 16)
    case .owner:
      let begin = kernel.memory.load(descriptor + 8, as: UInt64.self) % 4096
      kernel.memory.store(UInt64(77), at: texts + begin)
    case .information:
      // The text goes on to the end of its block, and not further.
      kernel.memory.store(UInt16.max, at: parts(kernel).informations + 2 * 88 + 16)
    }
    let outcome = try Self.read(kernel)
    #expect(outcome.error == nil)
    #expect(outcome.lost == (fault == .identifier || fault == .information ? 0 : 1))
    for number in [0, 1, 3, 4] { #expect(outcome.text.contains("] message \(number)\n"), "\(outcome.text)") }
    #expect(outcome.text.contains("message 2") == (fault == .information))
  }

  @Test("Descriptors that all name the same text show it once")
  func ringOfCopies() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog((0..<16).map { LogEntry(String(repeating: "x", count: 40) + " \($0)") })
    let (_, descriptors, informations, _) = parts(kernel)
    for slot in 0..<UInt64(16) {
      kernel.memory.store(UInt64(0), at: descriptors + slot * 24 + 8)
      kernel.memory.store(UInt64(4095), at: descriptors + slot * 24 + 16)
      kernel.memory.store(UInt16.max, at: informations + slot * 88 + 16)
    }
    let outcome = try Self.read(kernel)
    #expect(outcome.error == nil && outcome.lost == 15)
    #expect(outcome.text.utf8.count <= 4 * 4096 + 100)
  }

  @Test("What VMCOREINFO does not say is named")
  func unknown() throws {
    let kernel = SyntheticKernel(.v6_1)
    let without = try Self.read(kernel)
    #expect(without.error?.description.contains("SYMBOL(prb)") == true)
    kernel.writeRingLog([LogEntry("first")])
    kernel.removeKey("OFFSET(printk_info.text_len)")
    #expect(try Self.read(kernel).error?.description.contains("OFFSET(printk_info.text_len)") == true)
  }

  @Test("A pointer to where no memory is gives what is there before it, and the reason")
  func unreadable() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog([LogEntry("first"), LogEntry("second")])
    let ring = kernel.memory.load(kernel.logVariables, as: UInt64.self) &- kernel.pageOffset
    kernel.memory.store(UInt64(0xffff_c900_dead_0000), at: ring + 56)
    let outcome = try Self.read(kernel)
    guard case .unreadable = outcome.error else { throw KernelLogTestFailure(outcome.error) }
  }
}

/// A log ended in another way than the test wants.
struct KernelLogTestFailure: Error {
  let description: String
  init(_ error: KernelError?) { description = error?.description ?? "no error" }
}
