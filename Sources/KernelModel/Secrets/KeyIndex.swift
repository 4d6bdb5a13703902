internal import DumpMemory
internal import Platform

/// Finds copies of keys in pages.
///
/// Each eight bytes of each key are in a table, so that of a page only aligned words need to be looked up, wherever a copy begins. A
/// copy is 16 bytes that are a key's, eight values among them; where a page ends inside of it, eight bytes, six values among them,
/// are enough.
struct KeyIndex: Sendable {
  private let keys: KeyBytes
  /// Words of keys, in the order of their values, and where in all bytes each lies.
  private let words: [UInt64]
  private let places: [UInt32]
  /// A bit for each of the hashes that words have.
  private let filter: [UInt64]
  private let shift: UInt64

  private static let word = 8
  /// Places of one word that are looked at.
  private static let mostPlaces = 4

  init(_ keys: KeyBytes) {
    self.keys = keys
    var entries: [(word: UInt64, place: UInt32)] = []
    for key in 0..<keys.count {
      for place in keys.starts[key]...keys.starts[key + 1] - Self.word {
        // What is made of few values is part of no copy that counts.
        guard KeyBytes.distinct(keys.bytes[place..<place + Self.word]) >= 4 else { continue }
        entries.append((Self.load(keys.bytes, place), UInt32(place)))
      }
    }
    entries.sort { ($0.word, $0.place) < ($1.word, $1.place) }
    // No key says the same again and again, and what does leads to copies all the same.
    let step = Self.mostPlaces
    entries = entries.indices.filter { $0 < step || entries[$0 - step].word != entries[$0].word }.map {
      entries[$0]
    }
    words = entries.map { $0.word }
    places = entries.map { $0.place }
    var bits = 12
    while bits < 24, 1 << bits < entries.count * 64 { bits += 1 }
    shift = UInt64(64 - bits)
    var filter = [UInt64](repeating: 0, count: 1 << (bits - 6))
    for word in words {
      let hash = Self.hash(word, shift)
      filter[hash >> 6] |= 1 << UInt64(hash & 63)
    }
    self.filter = filter
  }

  var isEmpty: Bool { words.isEmpty }

  private static func load(_ bytes: [UInt8], _ place: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<Self.word { word |= UInt64(bytes[place + index]) << UInt64(8 * index) }
    return word
  }

  @inline(__always)
  private static func hash(_ word: UInt64, _ shift: UInt64) -> Int {
    Int(truncatingIfNeeded: (word &* 0x9e37_79b9_7f4a_7c15) >> shift)
  }

  /// The stretches of a page that are copies.
  func copies(in page: RawSpan) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var done = 0
    for offset in stride(from: 0, to: page.byteCount & ~7, by: Self.word) {
      let word = unsafe UInt64(littleEndian: page.unsafeLoad(fromByteOffset: offset, as: UInt64.self))
      let hash = Self.hash(word, shift)
      if filter[hash >> 6] >> UInt64(hash & 63) & 1 == 0 || offset < done { continue }
      let (range, isCopy) = longest(of: word, at: offset, in: page)
      // Of what is long and no copy no part is one.
      if isCopy || range.count >= 64 { done = range.upperBound }
      if isCopy { found.append(max(range.lowerBound, found.last?.upperBound ?? 0)..<range.upperBound) }
    }
    return found
  }

  /// The longest stretch around a word that a key has too, copies first.
  private func longest(
    of word: UInt64, at offset: Int, in page: RawSpan
  ) -> (range: Range<Int>, isCopy: Bool) {
    var index = words.partitionPoint(behind: { $0 >= word })
    var best = (range: offset..<offset, isCopy: false)
    while index < words.count, words[index] == word {
      let range = extent(of: Int(places[index]), at: offset, in: page)
      let isCopy = isCopy(range, of: page)
      if isCopy == best.isCopy ? range.count > best.range.count : isCopy { best = (range, isCopy) }
      index += 1
    }
    return best
  }

  /// How far a page and a key are alike, around a word of both.
  private func extent(of place: Int, at offset: Int, in page: RawSpan) -> Range<Int> {
    let key = keys.starts.partitionPoint(behind: { $0 > place }) - 1
    var before = 0
    while place - before > keys.starts[key], offset - before > 0,
      page.littleEndian(at: offset - before - 1, as: UInt8.self) == keys.bytes[place - before - 1]
    {
      before += 1
    }
    var behind = Self.word
    while place + behind < keys.starts[key + 1], offset + behind < page.byteCount,
      page.littleEndian(at: offset + behind, as: UInt8.self) == keys.bytes[place + behind]
    {
      behind += 1
    }
    return offset - before..<offset + behind
  }

  private func isCopy(_ range: Range<Int>, of page: RawSpan) -> Bool {
    let distinct = KeyBytes.distinct(
      unsafe page.extracting(range).withUnsafeBytes { unsafe ArraySlice($0) })
    if range.count >= KeyBytes.shortest { return distinct >= 8 }
    return (range.lowerBound == 0 || range.upperBound == page.byteCount) && distinct >= 6
  }
}
