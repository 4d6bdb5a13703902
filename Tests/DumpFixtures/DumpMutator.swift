/// Damages a kdump-compressed dump, plain or flattened, in one of the ways that a bad disk or an attacker may.
public struct DumpMutator {
  public enum Kind: String, Sendable, CaseIterable {
    /// Words of disk_dump_header.
    case header
    /// Words of kdump_sub_header: notes, VMCOREINFO, eraseinfo, max_mapnr.
    case subHeader
    /// Bytes of the two bitmaps.
    case bitmaps
    /// Fields of page_desc.
    case descriptors
    /// Bytes of notes and pages.
    case contents
    /// Offsets and sizes of the records of a flattened stream.
    case records
    /// The file ends somewhere.
    case truncation
    /// One half of the file, or a stretch of it, is zeros.
    case zeroed
    /// Several of the above.
    case several
  }

  private let dump: [UInt8]
  private let isFlattened: Bool
  private var random: SeededGenerator

  /// - Parameter dump: a sound dump, with blocks of 4096 bytes.
  public init(_ dump: [UInt8], isFlattened: Bool, seed: UInt64) {
    self.dump = dump
    self.isFlattened = isFlattened
    random = SeededGenerator(seed: seed)
  }

  /// The bytes of a damaged file.
  public mutating func mutated(_ kind: Kind) -> [UInt8] {
    var bytes = dump
    if kind == .several {
      let kinds = Kind.allCases.filter { $0 != .several && $0 != .truncation }
      for _ in 0..<2 + random.below(5) { apply(random.pick(kinds), &bytes) }
    } else {
      apply(kind, &bytes)
    }
    return bytes
  }

  // MARK: - Where things lie

  /// A flattened stream has a header of a block, and one of 16 bytes before each record; the first record
  /// holds the dump's own headers.
  private var start: Int { isFlattened ? 4096 + 16 : 0 }
  /// bitmap_blocks of the header, at 436.
  private var bitmapBytes: Int { 4096 * word32(start + 436) }
  private var bitmaps: Int { start + 4096 * (1 + word32(start + 432)) }

  private func word32(_ at: Int) -> Int {
    guard at + 4 <= dump.count else { return 0 }
    return Int(dump[at]) | Int(dump[at + 1]) << 8 | Int(dump[at + 2]) << 16 | Int(dump[at + 3]) << 24
  }

  private mutating func apply(_ kind: Kind, _ bytes: inout [UInt8]) {
    switch kind {
    case .header:
      // signature and version, utsname, then what the layout hangs on, from 424 to 464.
      let at = random.pick([0, 8, 12, 400, 424, 428, 432, 436, 440, 444, 448, 452, 456, 460])
      for _ in 0..<1 + random.below(2) { setWord32(&bytes, start + at) }
    case .subHeader:
      for _ in 0..<1 + random.below(3) { setWord64(&bytes, start + 4096 + 8 * Int(random.below(13))) }
    case .bitmaps:
      for _ in 0..<1 + random.below(64) {
        setByte(&bytes, bitmaps + Int(random.below(UInt64(max(bitmapBytes, 1)))))
      }
    case .descriptors:
      let table = bitmaps + bitmapBytes
      for _ in 0..<1 + random.below(32) {
        let descriptor = table + 24 * Int(random.below(300))
        switch random.below(3) {
        case 0: setWord64(&bytes, descriptor)
        case 1: setWord32(&bytes, descriptor + 8)
        default: setWord32(&bytes, descriptor + 12)
        }
      }
    case .contents:
      for _ in 0..<1 + random.below(256) { setByte(&bytes, Int(random.below(UInt64(bytes.count)))) }
    case .records:
      for _ in 0..<1 + random.below(3) { changeRecord(&bytes) }
    case .several:
      break
    case .truncation:
      bytes.removeLast(Int(random.below(UInt64(bytes.count))))
    case .zeroed:
      let from = Int(random.below(UInt64(bytes.count)))
      let to = random.oneIn(2) ? bytes.count : min(bytes.count, from + Int(random.below(20_000)))
      for index in from..<to { bytes[index] = 0 }
    }
  }

  /// Of a plain dump, bytes anywhere.
  private mutating func changeRecord(_ bytes: inout [UInt8]) {
    guard isFlattened else { return setWord64(&bytes, Int(random.below(UInt64(bytes.count)))) }
    var headers: [Int] = []
    var at = 4096
    while at + 16 <= bytes.count {
      headers.append(at)
      // Big-endian: offset, size.
      let size = (8..<16).reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[at + $1]) }
      guard size < UInt64(bytes.count - at) else { break }
      at += 16 + Int(size)
    }
    guard !headers.isEmpty else { return }
    let header = random.pick(headers)
    for byte in 0..<8 {
      let value = interesting().byteSwapped
      setByte(
        &bytes, header + (random.oneIn(2) ? 8 : 0) + byte, UInt8(truncatingIfNeeded: value >> (8 * byte)))
    }
  }

  // MARK: - Values

  private mutating func interesting() -> UInt64 {
    switch random.below(6) {
    case 0: random.next()
    case 1: UInt64.max - random.below(3)
    case 2: 1 << random.below(64)
    case 3: UInt64(dump.count) - random.below(5)
    case 4: random.below(1 << 20)
    default: 0
    }
  }

  private mutating func setWord64(_ bytes: inout [UInt8], _ at: Int) {
    let value = interesting()
    for byte in 0..<8 { setByte(&bytes, at + byte, UInt8(truncatingIfNeeded: value >> (8 * byte))) }
  }

  private mutating func setWord32(_ bytes: inout [UInt8], _ at: Int) {
    let value = interesting()
    for byte in 0..<4 { setByte(&bytes, at + byte, UInt8(truncatingIfNeeded: value >> (8 * byte))) }
  }

  private mutating func setByte(_ bytes: inout [UInt8], _ at: Int) {
    setByte(&bytes, at, UInt8(truncatingIfNeeded: random.next()))
  }

  private func setByte(_ bytes: inout [UInt8], _ at: Int, _ value: UInt8) {
    if at < bytes.count { bytes[at] = value }
  }
}
