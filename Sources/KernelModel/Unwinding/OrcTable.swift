internal import DumpMemory

/// ORC tables of the kernel or of a module: sorted addresses, and an entry for what begins at each.
struct OrcTable {
  let place: UnwindTable
  let layout: OrcLayout

  /// A module has 32 bits for their number, the kernel's image room for fewer.
  private static let most = 1 << 28
  private static let sampleSize = 1000

  /// The entry that holds at an address: of several that begin at one place the last, for section ends sort first.
  ///
  /// - Returns: nil for an address before the first.
  func entry(at address: UInt64, _ memory: inout KernelMemory) throws(VmcoreError) -> OrcEntry? {
    var low = 0
    var high = min(max(place.count, 0), Self.most)
    while low < high {
      let middle = low + (high - low) / 2
      let own = place.addresses + middle * 4
      let distance = Int32(truncatingIfNeeded: Int64(try memory.number(own)))
      if own.rawValue &+ UInt64(bitPattern: Int64(distance)) <= address {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low > 0 ? layout.entry(try word(low - 1, &memory)) : nil
  }

  private func word(_ index: Int, _ memory: inout KernelMemory) throws(VmcoreError) -> UInt64 {
    let bytes = place.entries + index * layout.byteCount
    let first = try memory.number(bytes, byteCount: 4)
    let rest = try memory.number(bytes + 4, byteCount: 2)
    return first | rest << 32
  }

  /// Entries from all over the table, as far as they can be read.
  func sample(_ memory: inout KernelMemory) -> [UInt64] {
    let step = max(place.count / Self.sampleSize, 1)
    return stride(from: 0, to: min(max(place.count, 0), step * Self.sampleSize), by: step).compactMap {
      try? word($0, &memory)
    }
  }
}
