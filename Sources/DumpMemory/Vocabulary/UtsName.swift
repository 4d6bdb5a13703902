/// The names of the crashed kernel: `struct new_utsname`, whose bytes the dump header takes as they are.
public struct UtsName: Hashable, Sendable {
  /// Bytes of each name, with its terminating NUL (`__NEW_UTS_LEN + 1`).
  public static let fieldSize = 65
  public static let byteCount = 6 * fieldSize

  private var bytes: [UInt8]

  /// Takes `struct new_utsname` from the crashed kernel's memory (`init_uts_ns.name`).
  ///
  /// - Parameter memory: at least ``byteCount`` bytes.
  public init(copying memory: RawSpan) {
    bytes = []
    bytes.reserveCapacity(UtsName.byteCount)
    for index in 0..<UtsName.byteCount {
      let isTerminator = index % UtsName.fieldSize == UtsName.fieldSize - 1
      bytes.append(isTerminator ? 0 : unsafe memory.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
  }

  /// Names that are too long are cut to 64 bytes.
  public init(
    systemName: String = "Linux", nodeName: String, release: String, version: String,
    machine: String, domainName: String
  ) {
    bytes = []
    bytes.reserveCapacity(UtsName.byteCount)
    for name in [systemName, nodeName, release, version, machine, domainName] {
      let field = name.utf8.prefix(UtsName.fieldSize - 1)
      bytes.append(contentsOf: field)
      bytes.append(contentsOf: repeatElement(0, count: UtsName.fieldSize - field.count))
    }
  }

  public var systemName: String { name(0) }
  public var nodeName: String { name(1) }
  public var release: String { name(2) }
  public var version: String { name(3) }
  public var machine: String { name(4) }
  public var domainName: String { name(5) }

  private func name(_ index: Int) -> String {
    let field = bytes[(index * UtsName.fieldSize)..<((index + 1) * UtsName.fieldSize)]
    return String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Writes all ``byteCount`` bytes.
  public func encode(into output: inout MutableRawSpan, at offset: Int) {
    for index in 0..<UtsName.byteCount {
      output.storeBytes(of: bytes[index], toByteOffset: offset + index, as: UInt8.self)
    }
  }
}
