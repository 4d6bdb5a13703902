/// A few names that are looked for among very many, without making a `String` of each candidate.
struct WantedNames {
  private let names: [String]
  private let bytes: [[UInt8]]
  /// For each length, the first and the last bytes of its names, as bits of their lowest six.
  private let firsts: [UInt64]
  private let lasts: [UInt64]
  /// For each first byte, by its lowest six bits, the last bytes of the names that begin so.
  private let pairs: [UInt64]
  /// For each length, the names that have it.
  private let ofLength: [[Int]]
  private var values: [UInt64?]
  /// Names that were not seen yet.
  private(set) var missing: Int

  /// Longer names are never wanted, nor does a kernel have them (KSYM_NAME_LEN, 512 since Linux 6.1).
  static let longestName = 512

  init(_ wanted: [String]) {
    var unique: [String] = []
    for name in wanted where !unique.contains(name) { unique.append(name) }
    names = unique
    bytes = unique.map { Array($0.utf8) }
    var ofLength = [[Int]](repeating: [], count: Self.longestName + 1)
    for (index, name) in bytes.enumerated() where name.count < ofLength.count {
      ofLength[name.count].append(index)
    }
    self.ofLength = ofLength
    var firsts = [UInt64](repeating: 0, count: ofLength.count)
    var lasts = firsts
    for name in bytes where !name.isEmpty && name.count < ofLength.count {
      firsts[name.count] |= Self.bit(name[0])
      lasts[name.count] |= Self.bit(name[name.count - 1])
    }
    var pairs = [UInt64](repeating: 0, count: 64)
    for name in bytes where !name.isEmpty { pairs[Int(name[0] & 63)] |= Self.bit(name[name.count - 1]) }
    self.pairs = pairs
    self.firsts = firsts
    self.lasts = lasts
    values = [UInt64?](repeating: nil, count: unique.count)
    missing = unique.count
  }

  /// The last bytes of the names that may begin so, as bits of their lowest six.
  func lastBytes(ofNamesFrom first: UInt8) -> UInt64 { pairs[Int(first & 63)] }

  /// The first and the last bytes of the names of each length, as bits of their lowest six.
  var endsOfLengths: [(first: UInt64, last: UInt64)] { zip(firsts, lasts).map { ($0, $1) } }

  @inline(__always)
  static func bit(_ byte: UInt8) -> UInt64 { 1 << UInt64(byte & 63) }

  /// Which name a comparison of the caller's takes a candidate for, of those that have its length.
  @inline(__always)
  func index(ofLength length: Int, where matches: ([UInt8]) -> Bool) -> Int? {
    guard length < ofLength.count else { return nil }
    for index in ofLength[length] where matches(bytes[index]) { return index }
    return nil
  }

  /// Which name a comparison of the caller's takes a candidate for.
  @inline(__always)
  func index(where matches: ([UInt8]) -> Bool) -> Int? {
    for index in bytes.indices where matches(bytes[index]) { return index }
    return nil
  }

  /// Notes what a name stands for; of several symbols of one name the first counts, as in the kernel's
  /// own lookup.
  mutating func note(_ index: Int, _ value: UInt64) {
    guard values[index] == nil else { return }
    values[index] = value
    missing -= 1
  }

  /// What was found.
  var found: [String: UInt64] {
    var result: [String: UInt64] = [:]
    for index in names.indices {
      if let value = values[index] { result[names[index]] = value }
    }
    return result
  }
}
