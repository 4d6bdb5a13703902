internal import Diskdump
internal import PageCompression
internal import Vmcore

extension Options {
  var codec: Codec {
    switch compression {
    case .none: .none
    case .zlib: .zlib
    case .lzo: .lzo
    case .snappy: .snappy
    case .zstd: .zstd
    }
  }
}

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

extension DumpLevel {
  init(_ option: UInt8) {
    self.init(rawValue: Int(option))
  }
}
