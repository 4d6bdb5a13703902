/// One PT_LOAD to build: its addresses, its bytes, and what its program header says of them.
public struct ELFSegment: Sendable {
  /// p_type; 1 is PT_LOAD.
  public var type: UInt32 = 1
  /// p_flags.
  public var flags: UInt32 = 7
  /// p_vaddr.
  public var vaddr: UInt64
  /// p_paddr; all ones marks a segment without a physical address, as /proc/kcore has them.
  public var paddr: UInt64
  /// The bytes in the file.
  public var data: [UInt8]
  /// p_memsz where it differs from the number of bytes.
  public var memorySize: UInt64?
  /// p_filesz where a test wants a lie.
  public var claimedFileSize: UInt64?
  /// p_offset where a test wants a lie.
  public var claimedOffset: UInt64?
  /// p_align.
  public var alignment: UInt64 = 0

  public init(vaddr: UInt64, paddr: UInt64, data: [UInt8], memorySize: UInt64? = nil) {
    self.vaddr = vaddr
    self.paddr = paddr
    self.data = data
    self.memorySize = memorySize
  }
}
