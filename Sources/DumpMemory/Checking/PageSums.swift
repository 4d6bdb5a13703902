/// The form of a manifest: the SHA-256 of every page of a dump, by page frame, in whatever format the dump is.
///
/// A text says what it is of, in lines that end with an empty one. Blocks follow, in the order of their frames, one for
/// each aligned stretch of ``framesOfBlock`` frames of which the dump has any: the number of the first frame, 64 bits; a
/// bitmap of the frames that the dump has, and one of those of them that are not zeros, of ``bitmapSize`` bytes each,
/// frame n at byte n / 8, bit n % 8; and 32 bytes for each of the latter. The end is a block's number of all ones, then,
/// 64 bits each, how many pages there are, how many of them are zeros, and how many more the dump should have had; and
/// the SHA-256 of all blocks. Numbers are little-endian.
///
/// So the same pages have the same blocks, and the last 32 bytes stand for all of them.
public enum PageSums {
  public static let framesOfBlock: UInt64 = 2048
  static let bitmapSize = 256
  /// A block without its hashes.
  static let headSize = 8 + 2 * bitmapSize
  static let endSize = 8 + 3 * 8 + SHA256.byteCount
  static let endNumber = UInt64.max

  /// The first line.
  static let signature = "vmsieve page sums 1"
  /// The text may not be longer.
  static let mostText = 4096

  /// What a manifest says at its end.
  public struct Totals: Hashable, Sendable {
    /// Pages that it has hashes for, or knows as zeros.
    public var pages: UInt64 = 0
    public var zeroPages: UInt64 = 0
    /// Pages that the dump should have had, and that could not be read of it.
    public var lostPages: UInt64 = 0
    /// The SHA-256 of all blocks.
    public var digest: [UInt8] = []

    public init() {}

    /// ``digest`` in hexadecimal.
    public var digestText: String {
      digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// The text at the beginning.
  ///
  /// - Parameter lines: what it says of the dump; what is not printable ASCII becomes `?', and what is too long is cut.
  package static func text(_ geometry: PageGeometry, lines: [String]) -> String {
    var text = "\(signature)\nhash: sha256\npage size: \(geometry.size)\n"
    for line in lines {
      let printable = line.unicodeScalars.prefix(400).map { (" "..."~").contains($0) ? Character($0) : "?" }
      if text.utf8.count + printable.count + 2 < mostText { text += String(printable) + "\n" }
    }
    return text + "\n"
  }
}

extension PageSums.Totals {
  /// Writes the end of a manifest.
  package func encode(into bytes: inout [UInt8]) {
    for word in [PageSums.endNumber, pages, zeroPages, lostPages] { bytes.append(littleEndian: word) }
    bytes += digest
  }
}
