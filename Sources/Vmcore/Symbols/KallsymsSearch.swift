internal import Platform

/// Finds kallsyms' tables in a kernel before 6.0, whose VMCOREINFO does not say where they are.
///
/// scripts/kallsyms.c of Linux 4.6 to 6.4 writes them in this order, each aligned to 8 bytes: offsets,
/// relative_base, num_syms, names, markers, token_table, token_index. The one that can be known on sight is the
/// table of tokens, for the digits are always tokens of themselves.
enum KallsymsSearch {
  /// "0" to "9", each with its NUL.
  private static let digits: [UInt8] = (0..<20).map { $0 & 1 == 0 ? 0x30 + UInt8($0 / 2) : 0 }
  /// The kernel's image may not be larger than its mapping, 1 GiB; holes in it are passed over.
  private static let searchedBytes: UInt64 = 1 << 30
  private static let longestHole: UInt64 = 64 << 20
  private static let window = 64 << 10
  private static let page: UInt64 = 4096

  static func tables(
    _ kernel: CrashedKernel, _ memory: inout KernelMemory
  ) throws(SymbolError) -> Kallsyms.Tables {
    guard let text = kernel.info.symbol("_stext"), text.rawValue >= MemorySegments.kernelMap else {
      throw .absent("VMCOREINFO has neither SYMBOL(kallsyms_names) nor SYMBOL(_stext)")
    }
    var buffer = try SymbolError.wrapping { () throws(SystemError) in try PageBuffer(byteCount: window) }
    var at = text.rawValue & ~(page - 1)
    let (sum, overflow) = at.addingReportingOverflow(searchedBytes)
    let end = overflow ? .max & ~(page - 1) : sum
    var hole: UInt64 = 0
    while at < end, hole < longestHole {
      let size = readable(VirtualAddress(at), into: &buffer, &memory)
      if size == 0 {
        at += page
        hole += page
        continue
      }
      hole = 0
      if let tables = tables(in: buffer.bytes.extracting(0..<size), at: VirtualAddress(at), &memory) {
        return tables
      }
      // Pages overlap by one, so that the digits are seen whole.
      at += UInt64(size) > page ? UInt64(size) - page : page
    }
    throw .absent("VMCOREINFO has no SYMBOL(kallsyms_names), and no such tables lie in the kernel's image")
  }

  /// Reads a window, or, where something of it is missing, its first page.
  private static func readable(
    _ address: VirtualAddress, into buffer: inout PageBuffer, _ memory: inout KernelMemory
  ) -> Int {
    for size in [window, Int(page)] {
      var bytes = buffer.mutableBytes(in: 0..<size)
      if (try? memory.readSequentially(address, into: &bytes)) != nil { return size }
    }
    return 0
  }

  private static func tables(
    in bytes: RawSpan, at address: VirtualAddress, _ memory: inout KernelMemory
  ) -> Kallsyms.Tables? {
    // "0", NUL, "1", NUL, "2", NUL, "3", NUL
    let first: UInt64 = 0x0033_0032_0031_0030
    var offset = 0
    while offset + digits.count <= bytes.byteCount {
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      if word == first, digits.indices.allSatisfy({ bytes.littleEndian(at: offset + $0) == digits[$0] }),
        let found = tables(aroundDigits: address + offset, &memory)
      {
        return found
      }
      offset += 1
    }
    return nil
  }

  /// Works backwards and forwards from the token of "0", which is token 48.
  private static func tables(
    aroundDigits zero: VirtualAddress, _ memory: inout KernelMemory
  ) -> Kallsyms.Tables? {
    guard let (table, index) = tokens(aroundDigits: zero, &memory),
      let markers = markers(before: table, &memory),
      let names = names(before: markers, &memory)
    else { return nil }
    let offsetBytes = (UInt64(names.count) * 4 + 7) & ~7
    let base = names.start.rawValue &- 16
    guard let relativeBase = try? memory.word(VirtualAddress(base)),
      relativeBase >= MemorySegments.kernelMap
    else { return nil }
    return Kallsyms.Tables(
      names: names.start, count: names.count, tokenTable: table, tokenIndex: index,
      offsets: VirtualAddress(base &- offsetBytes), relativeBase: relativeBase)
  }

  private static func tokens(
    aroundDigits zero: VirtualAddress, _ memory: inout KernelMemory
  ) -> (table: VirtualAddress, index: VirtualAddress)? {
    guard var stream = try? KernelByteStream(at: zero) else { return nil }
    var token = 48
    var length = 0
    while token < KallsymsTokens.count {
      guard (try? stream.need(1, &memory)) != nil else { return nil }
      let byte = stream.byte(0)
      stream.take(1)
      length = byte == 0 ? 0 : length + 1
      if byte == 0 { token += 1 }
      if length > WantedNames.longestName { return nil }
    }
    let index = VirtualAddress((stream.address.rawValue + 7) & ~7)
    guard let word = try? memory.word(index + 48 / 4 * 8) else { return nil }
    let table = VirtualAddress(zero.rawValue &- (word & 0xffff))
    guard table.rawValue & 7 == 0,
      (try? KallsymsTokens(table: table, index: index, &memory)) != nil
    else { return nil }
    return (table, index)
  }

  private struct Markers {
    let start: VirtualAddress
    let count: Int
    /// Where in the names every 256th begins: that of the second marker, and of the last.
    let second: UInt64
    let last: UInt64
  }

  /// The markers rise from 0; they have 4 bytes each since 4.20, 8 before.
  private static func markers(before table: VirtualAddress, _ memory: inout KernelMemory) -> Markers? {
    for size in [4, 8] {
      func entry(_ address: VirtualAddress) -> UInt64? {
        size == 8 ? try? memory.word(address) : (try? memory.halfWord(address)).map { UInt64($0) }
      }
      var at = table + -size
      if size == 4, entry(at) == 0 { at = at + -size }
      guard let last = entry(at), last > 0, last < 64 << 20 else { continue }
      var above = last
      var count = 1
      while count <= Kallsyms.plausibleCount.upperBound / 256 {
        at = at + -size
        count += 1
        guard let marker = entry(at), marker < above else { break }
        if marker == 0 { return Markers(start: at, count: count, second: above, last: last) }
        above = marker
      }
    }
    return nil
  }

  /// The names end before the markers; `kallsyms_num_syms` in the 8 bytes before them tells where they begin.
  private static func names(
    before markers: Markers, _ memory: inout KernelMemory
  ) -> (start: VirtualAddress, count: Int)? {
    // Every 256 symbols have a marker, and the last group at most 256 names of 128 bytes.
    let counts = UInt64(markers.count - 1) * 256 + 1...UInt64(markers.count) * 256
    var start = (markers.start.rawValue &- markers.last) & ~7
    let lowest = start &- 256 * 128
    while start > lowest {
      let address = VirtualAddress(start)
      if let count = try? memory.word(address + -8), counts.contains(count),
        length(of256NamesAt: address, &memory) == markers.second
      {
        return (address, Int(count))
      }
      start &-= 8
    }
    return nil
  }

  private static func length(of256NamesAt start: VirtualAddress, _ memory: inout KernelMemory) -> UInt64? {
    guard var stream = try? KernelByteStream(at: start) else { return nil }
    var length: UInt64 = 0
    for _ in 0..<256 {
      guard (try? stream.need(1, &memory)) != nil else { return nil }
      let count = Int(stream.byte(0)) + 1
      guard count > 1, (try? stream.need(count, &memory)) != nil else { return nil }
      stream.take(count)
      length += UInt64(count)
    }
    return length
  }
}
