internal import DumpMemory
internal import Platform

/// One page at a time, as a dump has it and as it is to be.
struct PagePair: ~Copyable {
  private var oldReader: MemoryReader
  private var newReader: MemoryReader
  private var old: MappedBuffer
  private var new: MappedBuffer

  init(_ original: PhysicalMemory, changed: PhysicalMemory) throws(SystemError) {
    let oldReader = try MemoryReader.sequential(original)
    let newReader = try MemoryReader.sequential(changed)
    let old = try MappedBuffer(byteCount: original.geometry.size)
    let new = try MappedBuffer(byteCount: original.geometry.size)
    self.oldReader = oldReader
    self.newReader = newReader
    self.old = old
    self.new = new
  }

  /// Reads both; returns whether they differ.
  mutating func read(_ pfn: PFN) throws(VmcoreError) -> Bool {
    try Self.read(pfn, &oldReader, into: &old)
    try Self.read(pfn, &newReader, into: &new)
    return !old.bytes.isEqual(to: new.bytes)
  }

  var oldBytes: RawSpan {
    @_lifetime(borrow self)
    get { old.bytes }
  }

  var newBytes: RawSpan {
    @_lifetime(borrow self)
    get { new.bytes }
  }

  private static func read(
    _ pfn: PFN, _ reader: inout MemoryReader, into page: inout MappedBuffer
  ) throws(VmcoreError) {
    var bytes = page.mutableBytes
    try reader.withPage(pfn) { bytes.copy($0, at: 0) }
  }
}
