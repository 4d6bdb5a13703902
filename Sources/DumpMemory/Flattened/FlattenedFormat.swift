/// The flattened form of a dump (`makedumpfile -F`): a header, then records of a file offset, a byte count and
/// the bytes, and a last record of -1 and -1. All numbers are 64 bits, big-endian.
package enum FlattenedFormat {
  /// The header's size; what follows the numbers in it is zero.
  package static let headerByteCount = 4096
  package static let recordHeaderByteCount = 16
  package static let type: UInt64 = 1
  package static let version: UInt64 = 1

  /// The bytes of the signature.
  package static let signatureBytes: [UInt8] = Array("makedumpfile".utf8) + [0, 0, 0, 0]

  package static func encodeHeader(into output: inout MutableRawSpan) {
    for index in 0..<headerByteCount {
      let byte = index < signatureBytes.count ? signatureBytes[index] : 0
      output.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
    output.storeBytes(of: type.bigEndian, toByteOffset: 16, as: UInt64.self)
    output.storeBytes(of: version.bigEndian, toByteOffset: 24, as: UInt64.self)
  }

  package static func encodeRecord(offset: Int64, byteCount: Int64, into output: inout MutableRawSpan) {
    output.storeBytes(of: offset.bigEndian, toByteOffset: 0, as: Int64.self)
    output.storeBytes(of: byteCount.bigEndian, toByteOffset: 8, as: Int64.self)
  }

  /// A big-endian number of a header or a record.
  package static func number(_ bytes: RawSpan, at offset: Int) -> Int64 {
    unsafe Int64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Int64.self))
  }

  package static func hasSignature(_ bytes: RawSpan) -> Bool {
    for index in 0..<signatureBytes.count {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte != signatureBytes[index] { return false }
    }
    return true
  }
}
