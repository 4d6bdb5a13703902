internal import DumpMemory
internal import Platform

/// Finds kallsyms' tables in a kernel before 6.0, whose VMCOREINFO does not say where they are.
///
/// scripts/kallsyms.c of Linux 4.6 to 6.4 writes them in this order, each aligned to 8 bytes: offsets,
/// relative_base, num_syms, names, markers, (6.2) seqs_of_names, token_table, token_index. Two can be known
/// on sight: relative_base, which is the beginning of the kernel's text and has a plausible number behind
/// it, and the table of tokens, for the digits are always tokens of themselves.
struct KallsymsSearch {
  /// `kallsyms_names`, if what was taken for `kallsyms_relative_base` is that.
  private struct Candidate {
    let relativeBase: UInt64
    let names: VirtualAddress
    let count: Int
    /// Where the names end and how many bytes the first 256 have; nil until that was asked for.
    var extent: Extent?
  }

  private enum Extent {
    case names(end: VirtualAddress, first256: Int)
    case none
  }

  private let text: UInt64
  private let page: UInt64
  /// The kernel's image may not be larger than its mapping; holes in it are passed over.
  private let searchedBytes: UInt64
  private var candidates: [Candidate] = []
  private var digitsSeen = 0
  /// Bytes of what may be names that were walked over, of all candidates together.
  private var measuredBytes: UInt64 = 0

  /// "0" to "9", each with its NUL.
  private static let digits: [UInt8] = (0..<20).map { $0 & 1 == 0 ? 0x30 + UInt8($0 / 2) : 0 }
  private static let longestHole: UInt64 = 64 << 20
  /// The text begins with what is always mapped: where so much of it is missing, there is no image.
  private static let longestHoleBefore: UInt64 = 2 << 20
  private static let window = 64 << 10
  /// Damaged memory may be full of what looks like a table.
  private static let mostCandidates = 64
  private static let mostDigits = 256
  /// `_text` lies at most so far below `_stext`.
  private static let headSize: UInt64 = 2 << 20

  static func tables(
    _ kernel: KernelFacts, in memory: inout KernelMemory
  ) throws(KernelError) -> Kallsyms.Tables {
    guard let text = kernel.info.symbol("_stext"), kernel.machine.isInImage(text.rawValue) else {
      throw .absent("VMCOREINFO has neither SYMBOL(kallsyms_names) nor SYMBOL(_stext)")
    }
    var search = KallsymsSearch(text: text.rawValue, kernel.machine)
    guard let tables = try search.run(&memory) else {
      throw .absent("VMCOREINFO has no SYMBOL(kallsyms_names), and no such tables lie in the kernel's image")
    }
    return tables
  }

  private init(text: UInt64, _ machine: Machine) {
    self.text = text
    page = UInt64(machine.geometry.size)
    searchedBytes = machine.imageSize
  }

  private mutating func run(_ memory: inout KernelMemory) throws(KernelError) -> Kallsyms.Tables? {
    var buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: Self.window)
    }
    var at = text & ~(page - 1)
    let (sum, overflow) = at.addingReportingOverflow(searchedBytes)
    let end = overflow ? .max & ~(page - 1) : sum
    var hole: UInt64 = 0
    var hasText = false
    while at < end, hole < (hasText ? Self.longestHole : Self.longestHoleBefore) {
      let size = readable(VirtualAddress(at), into: &buffer, in: &memory)
      if size == 0 {
        let step = hasText ? page : UInt64(Self.window)
        at += step
        hole += step
        continue
      }
      hole = 0
      hasText = true
      if let tables = look(buffer.bytes.extracting(0..<size), address: VirtualAddress(at), in: &memory) {
        return tables
      }
      // Windows overlap by a page, so that what lies across a border is seen whole.
      at += UInt64(size) > page ? UInt64(size) - page : page
    }
    return nil
  }

  /// Reads a window, or, where something of it is missing, its first page.
  private func readable(
    _ address: VirtualAddress, into buffer: inout MappedBuffer, in memory: inout KernelMemory
  ) -> Int {
    for size in [Self.window, Int(page)] {
      var bytes = buffer.mutableBytes(in: 0..<size)
      if (try? memory.readSequentially(address, into: &bytes)) != nil { return size }
    }
    return 0
  }

  private mutating func look(
    _ bytes: RawSpan, address: VirtualAddress, in memory: inout KernelMemory
  ) -> Kallsyms.Tables? {
    // The address is that of a page, and so a multiple of 8.
    for offset in stride(from: 0, through: bytes.byteCount - 8, by: 8) {
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      if text &- word <= Self.headSize {
        consider(word, count: bytes.littleEndian(at: offset + 8) ?? 0, names: address + offset + 16)
      }
      if let start = Self.digits(in: word, at: offset), areDigits(bytes, at: start),
        let (table, index) = Self.tokens(aroundDigits: address + start, &memory),
        let found = names(before: table, &memory)
      {
        let offsetBytes = (found.count * 4 + 7) & ~7
        return Kallsyms.Tables(
          names: found.names, count: found.count, tokenTable: table, tokenIndex: index,
          offsets: found.names + -16 + -offsetBytes, relativeBase: found.relativeBase)
      }
    }
    return nil
  }

  /// Where the digits begin, if a word can be the first that lies as a whole among them; the digit itself is in every
  /// other byte.
  @inline(__always)
  private static func digits(in word: UInt64, at offset: Int) -> Int? {
    let before: Int
    if word & 0xfff8_fff8_fff8_fff8 == 0x0030_0030_0030_0030 {
      before = Int(word & 7) * 2
    } else if word & 0xf8ff_f8ff_f8ff_f8ff == 0x3000_3000_3000_3000 {
      before = Int(word >> 8 & 7) * 2 - 1
    } else {
      return nil
    }
    return (0..<8).contains(before) && before <= offset ? offset - before : nil
  }

  private mutating func areDigits(_ bytes: RawSpan, at offset: Int) -> Bool {
    guard Self.digits.indices.allSatisfy({ bytes.littleEndian(at: offset + $0) == Self.digits[$0] }),
      digitsSeen < Self.mostDigits
    else { return false }
    digitsSeen += 1
    return true
  }

  private mutating func consider(_ base: UInt64, count: UInt64, names: VirtualAddress) {
    guard let count = Int(exactly: count), Kallsyms.plausibleCount.contains(count),
      candidates.count < Self.mostCandidates, !candidates.contains(where: { $0.names == names })
    else { return }
    candidates.append(Candidate(relativeBase: base, names: names, count: count))
  }

  /// The names that the markers behind them fit: where the first begins, which is 0, and where the 257th.
  private mutating func names(before table: VirtualAddress, _ memory: inout KernelMemory) -> Candidate? {
    for index in candidates.indices where candidates[index].names < table {
      let extent = candidates[index].extent ?? measure(candidates[index], in: &memory)
      candidates[index].extent = extent
      guard case .names(let end, let second) = extent, end < table else { continue }
      let candidate = candidates[index]
      let markers = VirtualAddress((end.rawValue &+ 7) & ~7)
      // 4 bytes each since 4.20, 8 before.
      if let word = try? memory.word(markers), word == UInt64(second) << 32 { return candidate }
      if (try? memory.word(markers)) == 0, (try? memory.word(markers + 8)) == UInt64(second) {
        return candidate
      }
    }
    return nil
  }

  private mutating func measure(_ candidate: Candidate, in memory: inout KernelMemory) -> Extent {
    guard var stream = try? KernelByteStream(at: candidate.names) else { return .none }
    var first256 = 0
    for index in 0..<candidate.count {
      guard let count = try? Kallsyms.nameLength(&stream, in: &memory),
        (1...WantedNames.longestName + 1).contains(count), (try? stream.need(count, in: &memory)) != nil
      else { return .none }
      stream.take(count)
      measuredBytes += UInt64(count)
      if measuredBytes > Kallsyms.mostNameBytes { return .none }
      if index == 255 {
        first256 = Int(truncatingIfNeeded: stream.address.rawValue &- candidate.names.rawValue)
      }
    }
    return .names(end: stream.address, first256: first256)
  }

  private static func tokens(
    aroundDigits zero: VirtualAddress, _ memory: inout KernelMemory
  ) -> (table: VirtualAddress, index: VirtualAddress)? {
    guard var stream = try? KernelByteStream(at: zero) else { return nil }
    var token = 48
    var length = 0
    while token < KallsymsTokens.count {
      guard (try? stream.need(1, in: &memory)) != nil else { return nil }
      let byte = stream.byte(0)
      stream.take(1)
      length = byte == 0 ? 0 : length + 1
      if byte == 0 { token += 1 }
      if length > WantedNames.longestName { return nil }
    }
    let index = VirtualAddress((stream.address.rawValue &+ 7) & ~7)
    guard let word = try? memory.word(index + 48 / 4 * 8) else { return nil }
    let table = VirtualAddress(zero.rawValue &- (word & 0xffff))
    guard table.rawValue & 7 == 0,
      (try? KallsymsTokens(table: table, index: index, &memory)) != nil
    else { return nil }
    return (table, index)
  }
}
