public import DumpMemory
internal import Platform

/// The symbol table that the crashed kernel carried itself: kernel/kallsyms.c.
///
/// Linux 4.6 and later: names of tokens, and 32 bits of each address. The addresses are
/// - up to 6.14, on SMP: negative for what moves with the kernel (`relative_base - 1 - offset`), else the
///   value itself (CONFIG_KALLSYMS_ABSOLUTE_PERCPU);
/// - without that, and from 6.15 on: unsigned, from `relative_base`;
/// - from the release on that has no `kallsyms_relative_base` (7.1): signed, from the entry's own place.
///
/// Which of them it is, is not guessed from the release: `_stext` must come out as VMCOREINFO has it.
public struct Kallsyms: Sendable {
  /// How an entry of `kallsyms_offsets` becomes an address.
  enum Addressing: CaseIterable, Sendable {
    case absoluteOrBelowBase
    case aboveBase
    case fromItsPlace
    /// `kallsyms_addresses`, where CONFIG_KALLSYMS_BASE_RELATIVE was switched off.
    case words
  }

  /// Where the tables lie.
  struct Tables: Sendable {
    var names: VirtualAddress
    var count: Int
    var tokenTable: VirtualAddress
    var tokenIndex: VirtualAddress
    /// `kallsyms_offsets`, or `kallsyms_addresses` with ``Addressing/words``.
    var offsets: VirtualAddress
    var relativeBase: UInt64?
    var hasWords = false
  }

  /// Symbols in the table.
  public var count: Int { tables.count }
  /// How the tables were found, in words.
  public let evidence: String
  let tables: Tables
  let tokens: KallsymsTokens
  let addressing: Addressing

  /// The largest kernels have some 250,000 symbols.
  static let plausibleCount = 1_000...4_000_000
  /// And their names have 3 MB.
  static let mostNameBytes: UInt64 = 64 << 20

  /// Finds the tables by VMCOREINFO (`SYMBOL(kallsyms_*)`, Linux 6.0), else by searching the kernel's image.
  ///
  /// - Throws: ``KernelError`` where there are none, or where they do not have `_stext` at its place.
  public init(_ kernel: KernelFacts, in memory: inout KernelMemory) throws(KernelError) {
    let anchor = kernel.info.symbol("_stext")
    if let declared = try Self.declaredTables(kernel.info, in: &memory) {
      try self.init(declared, anchor: anchor, evidence: "VMCOREINFO", in: &memory)
    } else {
      let found = try KallsymsSearch.tables(kernel, in: &memory)
      try self.init(found, anchor: anchor, evidence: "a search of the kernel's image", in: &memory)
    }
  }

  private init(
    _ tables: Tables, anchor: VirtualAddress?, evidence: String, in memory: inout KernelMemory
  ) throws(KernelError) {
    guard Self.plausibleCount.contains(tables.count) else {
      throw .malformed("kallsyms_num_syms is \(tables.count)")
    }
    guard let anchor else { throw .absent("VMCOREINFO has no SYMBOL(_stext) to check kallsyms by") }
    let tokens = try KallsymsTokens(table: tables.tokenTable, index: tables.tokenIndex, &memory)
    var wanted = WantedNames(["_stext"])
    try Self.scan(tables, tokens: tokens, wanted: &wanted, in: &memory)
    guard let index = wanted.found["_stext"] else {
      throw .malformed("there is no _stext among the \(tables.count) names of kallsyms")
    }
    var fitting: Addressing?
    for addressing in Addressing.allCases {
      if try Self.address(Int(index), tables: tables, addressing: addressing, in: &memory) == anchor.rawValue
      {
        fitting = addressing
      }
    }
    guard let fitting else {
      throw .malformed("no reading of kallsyms puts _stext at \(anchor), where VMCOREINFO has it")
    }
    self.tables = tables
    self.tokens = tokens
    self.evidence = evidence
    addressing = fitting
  }

  /// Looks names up, all in one pass over the table.
  ///
  /// - Returns: the addresses of those that the kernel has; per-CPU variables before 6.15 have offsets.
  public func addresses(
    of names: [String], _ memory: inout KernelMemory
  ) throws(KernelError) -> [String: VirtualAddress] {
    var wanted = WantedNames(names)
    try Self.scan(tables, tokens: tokens, wanted: &wanted, in: &memory)
    var result: [String: VirtualAddress] = [:]
    for (name, index) in wanted.found {
      if let address = try Self.address(Int(index), tables: tables, addressing: addressing, in: &memory) {
        result[name] = VirtualAddress(address)
      }
    }
    return result
  }

  private static func declaredTables(
    _ info: VMCOREINFO, in memory: inout KernelMemory
  ) throws(KernelError) -> Tables? {
    guard let names = info.symbol("kallsyms_names"), let number = info.symbol("kallsyms_num_syms"),
      let table = info.symbol("kallsyms_token_table"), let index = info.symbol("kallsyms_token_index"),
      let offsets = info.symbol("kallsyms_offsets") ?? info.symbol("kallsyms_addresses")
    else { return nil }
    return try KernelError.reading("kallsyms") { () throws(VmcoreError) in
      var tables = Tables(
        names: names, count: Int(try memory.word32(number)), tokenTable: table, tokenIndex: index,
        offsets: offsets)
      tables.hasWords = info.symbol("kallsyms_offsets") == nil
      if let base = info.symbol("kallsyms_relative_base") { tables.relativeBase = try memory.word(base) }
      return tables
    }
  }

  static func address(
    _ index: Int, tables: Tables, addressing: Addressing, in memory: inout KernelMemory
  ) throws(KernelError) -> UInt64? {
    guard tables.hasWords == (addressing == .words) else { return nil }
    return try KernelError.reading("kallsyms") { () throws(VmcoreError) in
      if addressing == .words { return try memory.word(tables.offsets + index * 8) }
      let place = tables.offsets + index * 4
      let entry = Int32(bitPattern: try memory.word32(place))
      let signed = UInt64(bitPattern: Int64(entry))
      switch (addressing, tables.relativeBase) {
      case (.absoluteOrBelowBase, .some(let base)): return entry >= 0 ? signed : base &- 1 &- signed
      case (.aboveBase, .some(let base)): return base &+ UInt64(UInt32(bitPattern: entry))
      case (.fromItsPlace, .none): return place.rawValue &+ signed
      default: return nil
      }
    }
  }

  /// Goes through the names until all that are wanted were seen.
  ///
  /// A name is its length, in one byte or, from 128 on (Linux 6.1), two of seven bits each, and so many
  /// tokens. The first letter says what kind of symbol it is.
  private static func scan(
    _ tables: Tables, tokens: KallsymsTokens, wanted: inout WantedNames, in memory: inout KernelMemory
  ) throws(KernelError) {
    var stream = try KernelError.wrapping { () throws(SystemError) in
      try KernelByteStream(at: tables.names)
    }
    let sieve = KallsymsSieve(tokens, wanted)
    var index = 0
    while index < tables.count, wanted.missing > 0 {
      index += stream.pass(by: sieve, atMost: tables.count - index)
      if index == tables.count { return }
      defer { index += 1 }
      let count = try nameLength(&stream, in: &memory)
      guard (1...WantedNames.longestName + 1).contains(count) else {
        throw .malformed("name \(index) of kallsyms consists of \(count) tokens")
      }
      try KernelError.reading("kallsyms_names") { () throws(VmcoreError) in
        try stream.need(count, in: &memory)
      }
      var length = -1
      for token in 0..<count { length += tokens.length(stream.byte(token)) }
      if length > 0,
        let found = wanted.index(ofLength: length, where: { tokens.spell($0, by: stream, count) })
      {
        wanted.note(found, UInt64(index))
      }
      stream.take(count)
      guard stream.address.rawValue &- tables.names.rawValue <= mostNameBytes else {
        throw .malformed("the names of kallsyms have more than \(mostNameBytes) bytes")
      }
    }
  }

  /// Takes the length of the next name.
  @inline(__always)
  static func nameLength(
    _ stream: inout KernelByteStream, in memory: inout KernelMemory
  ) throws(KernelError) -> Int {
    try KernelError.reading("kallsyms_names") { () throws(VmcoreError) in
      try stream.need(1, in: &memory)
      let first = Int(stream.byte(0))
      stream.take(1)
      guard first & 0x80 != 0 else { return first }
      try stream.need(1, in: &memory)
      let second = Int(stream.byte(0))
      stream.take(1)
      return first & 0x7f | second << 7
    }
  }
}

extension KernelMemory {
  /// A little-endian number of 4 bytes; the address must be a multiple of 4.
  mutating func word32(_ address: VirtualAddress) throws(VmcoreError) -> UInt32 {
    let word = try word(VirtualAddress(address.rawValue & ~7))
    return UInt32(truncatingIfNeeded: word >> (address.rawValue & 4 * 8))
  }
}
