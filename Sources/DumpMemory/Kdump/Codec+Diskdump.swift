public import PageCompression

extension Codec {
  /// How the dump's header names the codec that was asked for.
  public var status: DumpStatus { DumpStatus(rawValue: flags.rawValue) }

  /// How a page_desc names the codec of its page.
  public var flags: PageDescriptorFlags {
    switch self {
    case .none: .raw
    case .zlib: .zlib
    case .lzo: .lzo
    case .snappy: .snappy
    case .zstd: .zstd
    }
  }

  /// The codec of a page_desc; nil for a bit that nobody has defined, or two.
  public init?(_ flags: PageDescriptorFlags) {
    switch flags {
    case .raw: self = .none
    case .zlib: self = .zlib
    case .lzo: self = .lzo
    case .snappy: self = .snappy
    case .zstd: self = .zstd
    default: return nil
    }
  }
}
