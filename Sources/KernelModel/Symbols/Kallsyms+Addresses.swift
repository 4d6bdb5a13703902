internal import DumpMemory
internal import Platform

extension Kallsyms {
  /// Symbols of one address that are passed over to find the first of them.
  private static let mostAliases = 64

  /// Which symbols some addresses lie in: of several at one place the first, as in the kernel's own lookup.
  ///
  /// The table is in the order of addresses (scripts/kallsyms.c). However many are asked for, the names are walked once.
  ///
  /// - Returns: those that were found, by address, and why names are missing; nil where none is.
  func symbols(
    holding addresses: Set<UInt64>, _ memory: inout KernelMemory
  ) throws(KernelError) -> (found: [UInt64: KernelSymbol], problem: KernelError?) {
    var places: [(address: UInt64, index: Int, start: UInt64, size: UInt64?)] = []
    for address in addresses {
      let low = try firstIndex(above: address, &memory)
      guard low > 0 else { continue }
      let own = try start(low - 1, in: &memory)
      guard own <= address else { continue }
      var index = low - 1
      while index > 0, low - index < Self.mostAliases, try start(index - 1, in: &memory) == own { index -= 1 }
      let end = low < tables.count ? try start(low, in: &memory) : own
      places.append((address, index, own, end > own ? end - own : nil))
    }
    // What stands before a name that is damaged is good.
    var names: [Int: String] = [:]
    var problem: KernelError?
    do throws(KernelError) { try read(places.map(\.index), into: &names, in: &memory) } catch {
      problem = error
    }
    var found: [UInt64: KernelSymbol] = [:]
    for place in places {
      guard let name = names[place.index] else { continue }
      found[place.address] = KernelSymbol(
        name: name, offset: place.address - place.start, size: place.size, module: nil)
    }
    return (found, problem)
  }

  /// Where the symbol begins that an address lies in; nil before the first and behind the last.
  func start(holding address: UInt64, _ memory: inout KernelMemory) throws(KernelError) -> UInt64? {
    let low = try firstIndex(above: address, &memory)
    return low > 0 && low < tables.count ? try start(low - 1, in: &memory) : nil
  }

  private func firstIndex(above address: UInt64, _ memory: inout KernelMemory) throws(KernelError) -> Int {
    var low = 0
    var high = tables.count
    while low < high {
      let middle = low + (high - low) / 2
      if try start(middle, in: &memory) <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func start(_ index: Int, in memory: inout KernelMemory) throws(KernelError) -> UInt64 {
    try Self.address(index, tables: tables, addressing: addressing, in: &memory) ?? 0
  }

  /// Reads the names of some symbols, without the letter of their kind.
  private func read(
    _ indices: [Int], into names: inout [Int: String], in memory: inout KernelMemory
  ) throws(KernelError) {
    let wanted = Set(indices)
    guard let last = wanted.max() else { return }
    var stream = try KernelError.wrapping { () throws(SystemError) in try KernelByteStream(at: tables.names) }
    for index in 0...last {
      let count = try Self.nameLength(&stream, in: &memory)
      guard (1...WantedNames.longestName + 1).contains(count) else {
        throw .malformed("name \(index) of kallsyms consists of \(count) tokens")
      }
      try KernelError.reading("kallsyms_names") { () throws(VmcoreError) in
        try stream.need(count, in: &memory)
      }
      if wanted.contains(index) {
        var name: [UInt8] = []
        for token in 0..<count { tokens.append(stream.byte(token), to: &name) }
        names[index] = String(printable: name.dropFirst().prefix(WantedNames.longestName))
      }
      stream.take(count)
    }
  }
}
