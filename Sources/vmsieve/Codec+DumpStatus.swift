internal import Diskdump
internal import PageCompression

extension Codec {
  /// How the dump's header names the codec that was asked for.
  var status: DumpStatus {
    switch self {
    case .none: []
    case .zlib: .zlib
    case .lzo: .lzo
    case .snappy: .snappy
    case .zstd: .zstd
    }
  }
}
