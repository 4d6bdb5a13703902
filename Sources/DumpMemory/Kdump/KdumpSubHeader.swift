/// The structure at the second block (`struct kdump_sub_header`, header_version 6, x86_64).
public struct KdumpSubHeader: Hashable, Sendable {
  public static let byteCount = 104
  /// Where `offset_eraseinfo` is in the structure; `size_eraseinfo` follows.
  package static let eraseInfoPlace = 64

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
    output.storeBytes(of: physicalBase.littleEndian, toByteOffset: 0, as: UInt64.self)
    output.storeBytes(of: dumpLevel.littleEndian, toByteOffset: 8, as: Int32.self)
    // Readers take an offset of zero for "there is none".
    let hasVmcoreinfo = !vmcoreinfo.isEmpty
    let vmcoreinfoOffset = hasVmcoreinfo ? vmcoreinfo.lowerBound : 0
    output.storeBytes(of: vmcoreinfoOffset.littleEndian, toByteOffset: 32, as: UInt64.self)
    output.storeBytes(of: UInt64(vmcoreinfo.count).littleEndian, toByteOffset: 40, as: UInt64.self)
    output.storeBytes(of: notes.lowerBound.littleEndian, toByteOffset: 48, as: UInt64.self)
    output.storeBytes(of: UInt64(notes.count).littleEndian, toByteOffset: 56, as: UInt64.self)
    let eraseInfoOffset = eraseInfo.isEmpty ? 0 : eraseInfo.lowerBound
    output.storeBytes(of: eraseInfoOffset.littleEndian, toByteOffset: 64, as: UInt64.self)
    output.storeBytes(of: UInt64(eraseInfo.count).littleEndian, toByteOffset: 72, as: UInt64.self)
    output.storeBytes(of: maxMapNumber.littleEndian, toByteOffset: 96, as: UInt64.self)
    guard let split else { return }
    output.storeBytes(of: (1 as Int32).littleEndian, toByteOffset: 12, as: Int32.self)
    for (place, pfn) in [(16, split.lowerBound), (24, split.upperBound)] {
      // Obsolete: too narrow by their meaning, not by their size.
      let narrow = UInt64(UInt32(clamping: pfn.rawValue))
      output.storeBytes(of: narrow.littleEndian, toByteOffset: place, as: UInt64.self)
      output.storeBytes(of: pfn.rawValue.littleEndian, toByteOffset: place + 64, as: UInt64.self)
    }
  }
}
