import DumpJudge
import Foundation

@testable import KernelModel

/// A key of known value, and the bytes by which it would be found again in a dump.
struct SecretPieces {
  let name: String
  let bytes: [UInt8]
  /// What each is, and 16 bytes of it.
  let pieces: [(form: String, bytes: [UInt8])]

  /// Keys that AES uses, and where in them.
  private static let schedules: [String: [Range<Int>]] = [
    "dm-crypt:xts": [0..<32, 32..<64], "dm-crypt:cbc": [0..<32], "crypto:cbc": [0..<32], "tls:key": [0..<32],
    "ipsec:aead": [0..<32], "ipsec:cbc": [0..<32],
  ]

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    var pieces: [(form: String, bytes: [UInt8])] = []
    func add(_ form: String, _ bytes: [UInt8], step: Int) {
      for start in stride(from: 0, through: bytes.count - 16, by: step) {
        let piece = Array(bytes[start..<start + 16])
        // Zeros, where numbers were drawn already, are everywhere.
        if Set(piece).count >= 6 { pieces.append((form, piece)) }
      }
    }
    add("as it is", bytes, step: 8)
    add("swapped", Self.swapped(bytes), step: 8)
    add("digits", Array(bytes.map { String(format: "%02x", $0) }.joined().utf8), step: 16)
    for range in Self.schedules[name] ?? [] {
      let schedule = AESKeySchedule(key: Array(bytes[range]))
      add("schedule", Array(schedule.encryption.dropFirst(range.count)), step: 16)
      add("inverse schedule", Array(schedule.decryption.dropLast(range.count)), step: 16)
    }
    self.pieces = pieces
  }

  private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
    stride(from: 0, to: bytes.count & ~3, by: 4).flatMap { bytes[$0..<$0 + 4].reversed() }
  }

  /// The lines that the machine's program wrote.
  static func of(_ machine: RealVmcore) throws -> [SecretPieces] {
    let path = URL(filePath: machine.path).deletingLastPathComponent().appending(path: "secrets")
    return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map { SecretPieces(line: $0) }
  }

  /// A name, and digits.
  init(line: Substring) {
    let words = line.split(separator: " ")
    let digits = Array(words[1])
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    self.init(String(words[0]), bytes)
  }

  /// How many pieces of each key are found, of all forms, in bytes.
  static func counts(of keys: [SecretPieces], in memory: Data) -> [Int] {
    var counter = PieceCounter()
    let numbers = keys.map { key in key.pieces.map { counter.add($0.bytes) } }
    memory.withUnsafeBytes { counter.count(in: $0) }
    return numbers.map { $0.reduce(0) { $0 + counter.counts[$1] } }
  }

  /// All pages of a dump, one behind the other, and behind them the file as it is.
  static func memory(of path: String) throws -> Data {
    var memory = Data()
    try KdumpDump(path).forEachPage { _, _, content in
      if case .success(let page) = content { memory.append(contentsOf: page) }
    }
    memory.append(try Data(contentsOf: URL(filePath: path)))
    return memory
  }
}
