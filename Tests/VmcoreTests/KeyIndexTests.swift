import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Copies of keys are found wherever they begin, and what only looks alike stays")
struct KeyIndexTests {
  private static let key = (0..<48).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }

  private func index(_ keys: [[UInt8]] = [key]) -> KeyIndex {
    var bytes = KeyBytes()
    for key in keys {
      let isAdded = bytes.add(key)
      #expect(isAdded)
    }
    return KeyIndex(bytes)
  }

  private func copies(_ index: KeyIndex, _ page: [UInt8]) -> [Range<Int>] {
    index.copies(in: page.span.bytes)
  }

  private func page(_ places: [(Int, [UInt8])]) -> [UInt8] {
    var page = [UInt8](repeating: 0xee, count: 4096)
    for (place, bytes) in places { page.replaceSubrange(place..<place + bytes.count, with: bytes) }
    return page
  }

  @Test("A whole copy, at any byte", arguments: 0..<16)
  func anywhere(shift: Int) {
    let page = page([(1000 + shift, Self.key), (2000 + shift, Self.key)])
    #expect(copies(index(), page) == [1000 + shift..<1048 + shift, 2000 + shift..<2048 + shift])
  }

  @Test("Sixteen bytes of a key, whichever, and not fifteen")
  func parts() {
    for start in 0...32 {
      for place in 504..<520 {
        #expect(copies(index(), page([(place, Array(Self.key[start..<start + 16]))])) == [place..<place + 16])
        if start > 0 {
          #expect(copies(index(), page([(place, Array(Self.key[start..<start + 15]))])).isEmpty)
        }
      }
    }
  }

  @Test("Where a page ends inside of a copy eight bytes are enough")
  func borders() {
    #expect(copies(index(), page([(4080, Array(Self.key[..<16]))])) == [4080..<4096])
    #expect(copies(index(), page([(4088, Array(Self.key[..<8]))])) == [4088..<4096])
    #expect(copies(index(), page([(0, Array(Self.key[40...]))])) == [0..<8])
    #expect(copies(index(), page([(2048, Array(Self.key[40...]))])).isEmpty)
    let few: [UInt8] = Array(repeating: 7, count: 40) + Self.key
    #expect(copies(index([few]), page([(0, [7, 7, 7, 7, 7, 7, 7, 7])])).isEmpty)
  }

  @Test("Several keys, of which one goes on where another ends")
  func several() {
    let other = Self.key[16...].map { $0 } + (0..<32).map { UInt8($0 * 3 + 1) }
    let found = copies(index([Self.key, other]), page([(96, other)]))
    #expect(found.flatMap { Array($0) } == Array(96..<96 + other.count))
  }

  @Test("What is short, or made of few values, is not looked for")
  func weak() {
    var keys = KeyBytes()
    for key in [Array(Self.key[..<15]), [UInt8](repeating: 0, count: 64), (0..<64).map { UInt8($0 & 3) }] {
      let isAdded = keys.add(key)
      #expect(isAdded)
    }
    #expect(keys.count == 0 && keys.weak == 3)
    #expect(KeyIndex(keys).isEmpty)
    let zeros = [UInt8](repeating: 0, count: 32) + Self.key
    #expect(copies(index([zeros]), [UInt8](repeating: 0, count: 4096)).isEmpty)
  }

  @Test("A key that repeats itself, and a page full of it, are soon done with")
  func repetition() {
    let turn = (0..<8).map { UInt8($0 * 31 + 5) }
    let long = Array((0..<100_000).map { turn[$0 % 8] })
    let page = (0..<4096).map { turn[$0 % 8] }
    // Seven values are no copy, however long.
    let weak = Self.key + (0..<100_000).map { UInt8($0 % 7) }
    let like = (0..<4096).map { UInt8($0 % 7) }
    let seconds = processorTime {
      let index = index([long])
      for _ in 0..<100 { #expect(copies(index, page).reduce(0) { $0 + $1.count } == 4096) }
      for _ in 0..<100 { #expect(copies(self.index([weak]), like).isEmpty) }
    }
    #expect(seconds < 30)
  }

  @Test("More keys than can be kept in mind are refused")
  func many() {
    var keys = KeyBytes()
    var generator = SeededGenerator(seed: 4)
    let large = (0..<KeyBytes.mostBytes - 16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let added = [large, Array(large[..<16]), Array(large[5..<25])].map { keys.add($0) }
    #expect(added == [true, true, false])
  }
}

@Suite("AES key schedules are made as FIPS 197 has them, and found in memory")
struct AESKeyScheduleTests {
  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! }
  }

  /// FIPS 197, A.1 to A.3: key, first and last word that are expanded.
  private static let vectors = [
    ("2b7e151628aed2a6abf7158809cf4f3c", "a0fafe17", "b6630ca6"),
    ("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "fe0c91f7", "01002202"),
    ("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "9ba35411", "706c631e"),
  ]

  @Test("The standard's examples", arguments: vectors)
  func expansion(key: String, first: String, last: String) {
    let key = Self.bytes(key)
    let schedule = AESKeySchedule(key: key)
    #expect(schedule.encryption.count == 16 * (key.count / 4 + 7))
    #expect(schedule.encryption.starts(with: key + Self.bytes(first)))
    #expect(schedule.encryption.suffix(4).elementsEqual(Self.bytes(last)))
  }

  /// FIPS 197, C.1, round keys of the equivalent inverse cipher.
  @Test("Of the inverse cipher")
  func inverse() {
    let schedule = AESKeySchedule(key: Array(0..<16))
    #expect(Array(schedule.decryption[..<16]) == Self.bytes("13111d7fe3944a17f307a78b4d2b30c5"))
    #expect(Array(schedule.decryption[16..<32]) == Self.bytes("13aa29be9c8faff6f770f58000f7bf03"))
    #expect(Array(schedule.decryption[160...]) == Array(0..<16))
  }

  @Test("They are found at multiples of four, and with one byte changed they are none", arguments: vectors)
  func search(key: String, first: String, last: String) {
    let schedule = AESKeySchedule(key: Self.bytes(key))
    for place in [0, 4, 12, 20] {
      var memory = [UInt8](repeating: 0, count: place) + schedule.encryption + schedule.decryption
      #expect(AESKeySchedule.found(in: memory).map(\.encryption) == [schedule.encryption])
      memory[place + schedule.encryption.count - 1] ^= 1
      #expect(AESKeySchedule.found(in: memory).isEmpty)
    }
    #expect(AESKeySchedule.found(in: Array(schedule.encryption.dropLast())).isEmpty)
    #expect(AESKeySchedule.found(in: []).isEmpty)
  }
}
