internal import DumpMemory

/// One type of BTF (`struct btf_type`) and where what belongs to it lies.
struct BTFType {
  /// name_off
  let nameOffset: UInt32
  let kind: UInt8
  /// kind_flag: members have bit-field sizes, the enumeration is signed.
  let flag: Bool
  /// vlen
  let count: Int
  /// `size` or `type`, which share a word.
  let sizeOrType: UInt32
  /// Where in the bytes of BTF the elements begin.
  let body: Int

  static let byteCount = 12

  var isEnumeration: Bool { kind == BTFKind.enumeration || kind == BTFKind.enumeration64 }

  /// - Parameter offset: from the beginning of BTF.
  init?(_ bytes: RawSpan, at offset: Int) {
    guard let name = bytes.littleEndian(at: offset, as: UInt32.self),
      let info = bytes.littleEndian(at: offset + 4, as: UInt32.self),
      let word = bytes.littleEndian(at: offset + 8, as: UInt32.self)
    else { return nil }
    nameOffset = name
    // Up to 7.0 vlen has 16 of these bits and the kind 5; the others were always zero.
    kind = UInt8(truncatingIfNeeded: info >> 24 & 0x7f)
    count = Int(info & 0xff_ffff)
    flag = info >> 31 == 1
    sizeOrType = word
    body = offset + Self.byteCount
  }
}
