import PageCompression

extension KdumpTarget {
  public func seeds() -> [FuzzSeed] {
    let codecs: [Codec] = [.zlib, .lzo, .snappy, .zstd]
    return codecs.map { FuzzSeed($0.name, Self.input(SmallDump(codec: $0))) } + [
      FuzzSeed("version-1", Self.input(SmallDump(version: 1))),
      FuzzSeed("split", Self.input(SmallDump(codec: .lzo, split: 3..<7))),
      FuzzSeed("incomplete", Self.input(SmallDump(codec: .snappy, status: 0x8 | 0x4))),
      FuzzSeed("raw-zeros", Self.input(SmallDump(hasRawZeros: true))),
      FuzzSeed("cut", [40, 0] + Self.input(SmallDump()).dropFirst(2)),
    ]
  }

  /// A dump as this target's inputs are.
  static func input(_ dump: SmallDump) -> [UInt8] {
    let (subHeader, behind) = dump.contents
    return [0, 0] + dump.header + subHeader + dump.bitmaps.first + dump.bitmaps.second + behind
  }
}
