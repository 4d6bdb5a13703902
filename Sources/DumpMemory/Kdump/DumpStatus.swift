/// The flag word of the dump header (`status`).
///
/// The bits have the numbers of ``PageDescriptorFlags``, but they speak of the whole dump: which compressor
/// was chosen, even if not one page became smaller.
public struct DumpStatus: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// DUMP_DH_COMPRESSED_ZLIB
  public static let zlib = DumpStatus(rawValue: 0x01)
  /// DUMP_DH_COMPRESSED_LZO
  public static let lzo = DumpStatus(rawValue: 0x02)
  /// DUMP_DH_COMPRESSED_SNAPPY
  public static let snappy = DumpStatus(rawValue: 0x04)
  /// DUMP_DH_COMPRESSED_INCOMPLETE: some pages of the second bitmap have no data.
  public static let incomplete = DumpStatus(rawValue: 0x08)
  /// DUMP_DH_EXCLUDED_VMEMMAP
  public static let excludedVmemmap = DumpStatus(rawValue: 0x10)
  /// DUMP_DH_COMPRESSED_ZSTD
  public static let zstd = DumpStatus(rawValue: 0x20)
}
