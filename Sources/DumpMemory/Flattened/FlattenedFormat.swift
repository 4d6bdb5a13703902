/// The flattened form of a dump (`makedumpfile -F`): a header, then records of a file offset, a byte count and
/// the bytes, and a last record of -1 and -1. All numbers are 64 bits, big-endian.
package enum FlattenedFormat {
  /// The header's size; what follows the numbers in it is zero.
  package static let headerByteCount = 4096
  package static let recordHeaderByteCount = 16
  package static let type: Int64 = 1
  package static let version: Int64 = 1

  /// `struct makedumpfile_header`
  package enum Header {
    package static var type: Field<Int64> { Field(16, isBigEndian: true) }
    package static var version: Field<Int64> { Field(24, isBigEndian: true) }
    /// Behind the last field.
    static let end = 32
  }

  /// `struct makedumpfile_data_header`
  package enum Record {
    package static var offset: Field<Int64> { Field(0, isBigEndian: true) }
    package static var byteCount: Field<Int64> { Field(8, isBigEndian: true) }
  }

  /// The bytes of the signature.
  package static let signatureBytes: [UInt8] = Array("makedumpfile".utf8) + [0, 0, 0, 0]

  package static func encodeHeader(into output: inout MutableRawSpan) {
    for index in 0..<headerByteCount {
      let byte = index < signatureBytes.count ? signatureBytes[index] : 0
      output.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
    Header.type.store(type, in: &output)
    Header.version.store(version, in: &output)
  }

  package static func encodeRecord(offset: Int64, byteCount: Int64, into output: inout MutableRawSpan) {
    Record.offset.store(offset, in: &output)
    Record.byteCount.store(byteCount, in: &output)
  }

  /// Whether these are the first bytes of a flattened stream.
  package static func hasSignature(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= signatureBytes.count else { return false }
    for index in 0..<signatureBytes.count {
      let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte != signatureBytes[index] { return false }
    }
    return true
  }
}
