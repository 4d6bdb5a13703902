public import DumpMemory
internal import Platform

/// The crashed kernel's memory by virtual address.
public struct KernelMemory: ~Copyable {
  private let tables: PageTables
  /// Reads tables and single words.
  private var scattered: MemoryReader
  /// Reads long stretches, such as the mem_map.
  private var sequential: MemoryReader
  private var latest: PageTables.Leaf?

  init(_ memory: PhysicalMemory, tables: PageTables) throws(VmcoreError) {
    let scattered = try VmcoreError.wrapping { () throws(SystemError) in try MemoryReader.scattered(memory) }
    let sequential = try VmcoreError.wrapping { () throws(SystemError) in try MemoryReader.sequential(memory)
    }
    self.tables = tables
    self.scattered = scattered
    self.sequential = sequential
  }

  /// The physical address behind a virtual one, by the kernel's page tables.
  public mutating func translate(_ address: VirtualAddress) throws(VmcoreError) -> PhysicalAddress {
    let leaf = try leaf(address)
    return leaf.physical + Int(address.rawValue - leaf.virtual.lowerBound)
  }

  /// The same, and every entry on the way there.
  public mutating func translate(
    _ address: VirtualAddress, visit: (PageTables.Step) -> Void
  ) throws(VmcoreError) -> PhysicalAddress {
    let leaf = try tables.leaf(address, by: &scattered, visit: visit)
    return leaf.physical + Int(address.rawValue - leaf.virtual.lowerBound)
  }

  /// What maps a virtual address: how far the same entry reaches, where to, and whether it says "encrypted".
  public struct Mapping: Hashable, Sendable {
    public let virtual: Range<UInt64>
    public let physical: PhysicalAddress
    public let isEncrypted: Bool
  }

  /// The entry of the page tables that maps an address.
  public mutating func mapping(of address: VirtualAddress) throws(VmcoreError) -> Mapping {
    let leaf = try leaf(address)
    return Mapping(virtual: leaf.virtual, physical: leaf.physical, isEncrypted: leaf.isEncrypted)
  }

  /// Bytes that an entry of a table maps; `level` is 1 for the last table.
  func byteCount(ofLevel level: Int) -> UInt64 { 1 << tables.format.shift(level: level) }

  /// A little-endian word of 8 bytes.
  public mutating func word(_ address: VirtualAddress) throws(VmcoreError) -> UInt64 {
    if address.rawValue & 7 == 0 { return try scattered.word(translate(address)) }
    var word: UInt64 = 0
    for index in 0..<8 { word |= UInt64(try byte(address + index)) << UInt64(index * 8) }
    return word
  }

  /// One byte: its neighbours in another page need not be there.
  mutating func byte(_ address: VirtualAddress) throws(VmcoreError) -> UInt8 {
    let aligned = try word(VirtualAddress(address.rawValue & ~7))
    return UInt8(truncatingIfNeeded: aligned >> (address.rawValue & 7 * 8))
  }

  /// Copies a short piece, such as a string or a small structure.
  public mutating func read(
    _ address: VirtualAddress, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) {
    try read(address, into: &bytes, long: false)
  }

  /// Lends a piece of something that is read from one end to the other.
  ///
  /// - Parameter copy: at least as long; where the piece does not lie together, it is put together there.
  mutating func withStretch<Result>(
    _ address: VirtualAddress, byteCount: Int, copy: inout MappedBuffer, _ body: (RawSpan) -> Result
  ) throws(VmcoreError) -> Result {
    let leaf = try leaf(address)
    if leaf.virtual.upperBound - address.rawValue >= UInt64(byteCount) {
      let physical = leaf.physical + Int(address.rawValue - leaf.virtual.lowerBound)
      if let result = try sequential.withStretch(physical, byteCount: byteCount, body) { return result }
    }
    try fill(&copy, byteCount: byteCount, from: address)
    return body(copy.bytes.extracting(first: byteCount))
  }

  private mutating func fill(
    _ buffer: inout MappedBuffer, byteCount: Int, from address: VirtualAddress
  ) throws(VmcoreError) {
    var bytes = buffer.mutableBytes(in: 0..<byteCount)
    try readSequentially(address, into: &bytes)
  }

  /// Copies a piece of something that is read from one end to the other.
  mutating func readSequentially(
    _ address: VirtualAddress, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) {
    try read(address, into: &bytes, long: true)
  }

  private mutating func read(
    _ address: VirtualAddress, into bytes: inout MutableRawSpan, long: Bool
  ) throws(VmcoreError) {
    var done = 0
    while done < bytes.byteCount {
      let at = address + done
      let leaf = try leaf(at)
      let count = Int(min(UInt64(bytes.byteCount - done), leaf.virtual.upperBound - at.rawValue))
      let physical = leaf.physical + Int(at.rawValue - leaf.virtual.lowerBound)
      var piece = bytes.extractingPart(done..<done + count)
      if long {
        try sequential.read(physical, into: &piece)
      } else {
        try scattered.read(physical, into: &piece)
      }
      done += count
    }
  }

  private mutating func leaf(_ address: VirtualAddress) throws(VmcoreError) -> PageTables.Leaf {
    if let latest, latest.virtual.contains(address.rawValue) { return latest }
    let leaf = try tables.leaf(address, by: &scattered)
    latest = leaf
    return leaf
  }
}
