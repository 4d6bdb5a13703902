/// The structure at the second block (`struct kdump_sub_header`, header_version 6, x86_64).
public struct KdumpSubHeader: Hashable, Sendable {
  public static let byteCount = 104

  /// `struct kdump_sub_header`, with the header_version that has a field first.
  private enum Layout {
    static var physicalBase: Field<UInt64> { Field(0) }
    static var dumpLevel: Field<Int32> { Field(8) }
    /// 2
    static var split: Field<Int32> { Field(12) }
    static var startPFN: Field<UInt64> { Field(16) }
    static var endPFN: Field<UInt64> { Field(24) }
    /// `offset_vmcoreinfo`, `size_vmcoreinfo`: 3
    static var vmcoreinfo: FileRangeField { FileRangeField(32) }
    /// `offset_note`, `size_note`: 4
    static var notes: FileRangeField { FileRangeField(48) }
    /// `offset_eraseinfo`, `size_eraseinfo`: 5
    static var eraseInfo: FileRangeField { FileRangeField(64) }
    /// 6
    static var startPFN64: Field<UInt64> { Field(80) }
    static var endPFN64: Field<UInt64> { Field(88) }
    static var maxMapNumber64: Field<UInt64> { Field(96) }
  }

  /// `phys_base`, in two's complement: the kernel may lie below its link address.
  public var physicalBase: UInt64
  /// The `-d` level of the pages left out.
  public var dumpLevel: Int32
  /// File range of the VMCOREINFO text, inside the notes (`offset_vmcoreinfo`, `size_vmcoreinfo`).
  public var vmcoreinfo: Range<UInt64>
  /// File range of the copied PT_NOTE contents (`offset_note`, `size_note`).
  public var notes: Range<UInt64>
  /// File range of the text that tells what was changed (`offset_eraseinfo`, `size_eraseinfo`).
  public var eraseInfo: Range<UInt64>
  /// `max_mapnr_64`
  public var maxMapNumber: UInt64
  /// The frames of one file of a split dump (`split`, `start_pfn_64`, `end_pfn_64`); nil in a whole dump.
  public var split: Range<PFN>?

  public init(
    physicalBase: UInt64, dumpLevel: Int32, vmcoreinfo: Range<UInt64>, notes: Range<UInt64>,
    eraseInfo: Range<UInt64> = 0..<0, maxMapNumber: UInt64, split: Range<PFN>? = nil
  ) {
    self.physicalBase = physicalBase
    self.dumpLevel = dumpLevel
    self.vmcoreinfo = vmcoreinfo
    self.notes = notes
    self.eraseInfo = eraseInfo
    self.maxMapNumber = maxMapNumber
    self.split = split
  }

  /// Writes the C structure over zeros.
  public func encode(into output: inout MutableRawSpan) {
    Layout.physicalBase.store(physicalBase, in: &output)
    Layout.dumpLevel.store(dumpLevel, in: &output)
    // Readers take an offset of zero for "there is none".
    Layout.vmcoreinfo.store(vmcoreinfo.isEmpty ? 0..<0 : vmcoreinfo, in: &output)
    Layout.notes.store(notes, in: &output)
    Layout.eraseInfo.store(eraseInfo.isEmpty ? 0..<0 : eraseInfo, in: &output)
    Layout.maxMapNumber64.store(maxMapNumber, in: &output)
    guard let split else { return }
    Layout.split.store(1, in: &output)
    // Obsolete: too narrow by their meaning, not by their size.
    Layout.startPFN.store(UInt64(UInt32(clamping: split.lowerBound.rawValue)), in: &output)
    Layout.endPFN.store(UInt64(UInt32(clamping: split.upperBound.rawValue)), in: &output)
    Layout.startPFN64.store(split.lowerBound.rawValue, in: &output)
    Layout.endPFN64.store(split.upperBound.rawValue, in: &output)
  }

  /// Reads the C structure; there must be all of it. What the version does not have yet is empty.
  ///
  /// - Parameters:
  ///   - version: `header_version`
  ///   - narrow: `max_mapnr` of the first header, for versions before 6.
  package init(decoding bytes: RawSpan, version: Int32, maxMapNumber narrow: UInt64) {
    physicalBase = Layout.physicalBase.load(from: bytes)
    dumpLevel = Layout.dumpLevel.load(from: bytes)
    vmcoreinfo = version >= 3 ? Layout.vmcoreinfo.load(from: bytes) : 0..<0
    notes = version >= 4 ? Layout.notes.load(from: bytes) : 0..<0
    eraseInfo = version >= 5 ? Layout.eraseInfo.load(from: bytes) : 0..<0
    let wide = version >= 6 ? Layout.maxMapNumber64.load(from: bytes) : 0
    maxMapNumber = wide != 0 ? wide : narrow
    guard version >= 2, Layout.split.load(from: bytes) != 0 else { return }
    let start = (version >= 6 ? Layout.startPFN64 : Layout.startPFN).load(from: bytes)
    let end = (version >= 6 ? Layout.endPFN64 : Layout.endPFN).load(from: bytes)
    split = PFN(start)..<PFN(max(start, end))
  }

  /// Why a structure is none that a writer made; nil where nothing speaks against it.
  ///
  /// Without it a file of a split dump would be read as a whole one, each page as of another frame. Some numbers stand there
  /// twice, once too narrow: some versions of makedumpfile cut those to 32 bits, others put the greatest.
  ///
  /// - Parameters:
  ///   - version: `header_version`
  ///   - narrow: `max_mapnr` of the first header.
  package static func contradiction(in bytes: RawSpan, version: Int32, maxMapNumber narrow: UInt64) -> String?
  {
    guard version >= 3 else { return nil }
    if (0..<byteCount).allSatisfy({ bytes.littleEndian(at: $0, as: UInt8.self) == 0 }) {
      return "the sub header is zeros"
    }
    guard version >= 6 else { return nil }
    func isNarrow(_ number: UInt64, of whole: UInt64) -> Bool {
      [whole, UInt64(UInt32(clamping: whole)), UInt64(UInt32(truncatingIfNeeded: whole))].contains(number)
    }
    let wide = Layout.maxMapNumber64.load(from: bytes)
    guard wide != 0, isNarrow(narrow, of: wide) else {
      return "max_mapnr_64 is \(wide), and max_mapnr of the first header \(narrow)"
    }
    let (start, end) = (Layout.startPFN.load(from: bytes), Layout.endPFN.load(from: bytes))
    let (start64, end64) = (Layout.startPFN64.load(from: bytes), Layout.endPFN64.load(from: bytes))
    if Layout.split.load(from: bytes) == 0 {
      return end != 0 && end64 != 0 ? "split is 0, but end_pfn \(end)" : nil
    }
    guard isNarrow(start, of: start64), isNarrow(end, of: end64) else {
      return "the pages are from \(start) to \(end), and from \(start64) to \(end64)"
    }
    return start64 <= end64 && end64 > 0 && end64 <= wide
      ? nil : "the pages are from \(start64) to \(end64), of \(wide)"
  }

  /// What is to be written where, so that the structure names another text that tells what was changed.
  ///
  /// - Parameter output: gets ``FileRangeField/byteCount`` bytes.
  /// - Returns: where they belong in the structure.
  package static func encodeEraseInfo(_ range: Range<UInt64>, into output: inout MutableRawSpan) -> Int {
    FileRangeField(0).store(range, in: &output)
    return Layout.eraseInfo.offset
  }
}
