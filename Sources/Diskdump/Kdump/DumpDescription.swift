public import DumpMemory
public import PageCompression

/// What a kdump-compressed dump is to say of itself, and how its pages are to lie in it.
public struct DumpDescription: Hashable, Sendable {
  /// Where it is one of a split dump, it has the bitmaps of all frames and the pages of its own.
  public var facts: DumpFacts
  /// What pages are compressed with that become smaller by it.
  public var codec: Codec
  /// At which of its levels; nil for the usual one.
  public var level: Int32?
  /// Whether pages that a dump has of the codec are compressed anew; else they are copied as they are.
  public var recompresses: Bool
  /// What else the dump is to say of its pages; the writer itself adds and takes away ``DumpStatus/incomplete``.
  public var remarks: DumpStatus
  /// Bytes of the VMCOREINFO text within the notes; empty where there is none.
  public var vmcoreinfo: Range<Int>
  /// Bytes of a page and of a block: a power of two from 4096.
  public var blockSize: Int
  /// Whether pages were lost before: the dump then stays marked incomplete.
  public var isIncomplete: Bool
  /// Whether pages that cannot be read are left out of a dump that is then whole: the source is the dead kernel's
  /// memory, and they are nowhere else. Those that a file lost stay missing in a dump that is marked incomplete.
  public var leavesOutUnreadable: Bool

  public init(
    _ facts: DumpFacts, codec: Codec, level: Int32? = nil, recompresses: Bool = false,
    remarks: DumpStatus = [], vmcoreinfo: Range<Int>,
    blockSize: Int,
    isIncomplete: Bool = false, leavesOutUnreadable: Bool = true
  ) {
    self.facts = facts
    self.codec = codec
    self.level = level
    self.recompresses = recompresses
    self.remarks = remarks
    self.vmcoreinfo = vmcoreinfo
    self.blockSize = blockSize
    self.isIncomplete = isIncomplete
    self.leavesOutUnreadable = leavesOutUnreadable
  }

  var status: DumpStatus { codec.status.union(remarks) }

  /// Whether zero pages share one block.
  public var sharesZeroPages: Bool { facts.dumpLevel.contains(.zeroPages) }

  /// Bytes of a kdump-compressed dump beside its pages: headers, notes, bitmaps and descriptors.
  ///
  /// - Parameter pageCount: pages that are described, those of zeros among them.
  public static func bytesBesidePages(
    noteSize: Int, maxMapNumber: UInt64, pageCount: UInt64, blockSize: Int
  ) -> UInt64 {
    DiskdumpLayout(
      blockSize: blockSize, noteSize: noteSize, maxMapNumber: maxMapNumber, pageCount: pageCount
    ).data
  }
}
