/// Round keys of AES, as FIPS 197 expands them from a key of 16, 24 or 32 bytes.
///
/// Who has two round keys has the key: a schedule is as secret, and tells itself from other bytes.
struct AESKeySchedule {
  /// Round keys for encryption, in their order.
  let encryption: [UInt8]
  /// Those of the equivalent inverse cipher: the kernel keeps them behind the first.
  let decryption: [UInt8]

  static let keySizes = [32, 24, 16]

  private static let substitution: [UInt8] = {
    var box = [UInt8](repeating: 0, count: 256)
    // 3 generates all numbers but 0, and 0xf6 is its inverse.
    var number: UInt8 = 1
    var inverse: UInt8 = 1
    repeat {
      number = number ^ double(number)
      inverse = multiply(inverse, 0xf6)
      var mixed = inverse
      for turn in 1...4 { mixed ^= inverse << UInt8(turn) | inverse >> UInt8(8 - turn) }
      box[Int(number)] = mixed ^ 0x63
    } while number != 1
    box[0] = 0x63
    return box
  }()

  private static func double(_ number: UInt8) -> UInt8 { number << 1 ^ (number & 0x80 != 0 ? 0x1b : 0) }

  private static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var product: UInt8 = 0
    var left = left
    for bit in 0..<8 {
      if right >> UInt8(bit) & 1 != 0 { product ^= left }
      left = double(left)
    }
    return product
  }

  /// Expands a key.
  init(key: [UInt8]) {
    precondition(Self.keySizes.contains(key.count))
    let words = key.count / 4
    let total = 4 * (words + 7)
    var bytes = key
    var constant: UInt8 = 1
    for index in words..<total {
      let mixed = Self.mixed(bytes[(index * 4 - 4)...], index: index, words: words, constant: &constant)
      for part in 0..<4 { bytes.append(bytes[(index - words) * 4 + part] ^ mixed[part]) }
    }
    encryption = bytes
    let rounds = words + 6
    decryption = (0...rounds).flatMap { round in
      let own = bytes[(rounds - round) * 16..<(rounds - round) * 16 + 16]
      return round == 0 || round == rounds ? Array(own) : Self.inverselyMixed(Array(own))
    }
  }

  /// What a word is combined with, made of the word before it.
  private static func mixed(
    _ last: ArraySlice<UInt8>, index: Int, words: Int, constant: inout UInt8
  ) -> [UInt8] {
    let word = Array(last.prefix(4))
    if index % words == 0 {
      let turned = [word[1], word[2], word[3], word[0]].map { substitution[Int($0)] }
      defer { constant = double(constant) }
      return [turned[0] ^ constant, turned[1], turned[2], turned[3]]
    }
    return words > 6 && index % words == 4 ? word.map { substitution[Int($0)] } : word
  }

  /// InvMixColumns
  private static func inverselyMixed(_ block: [UInt8]) -> [UInt8] {
    let factors: [UInt8] = [14, 11, 13, 9]
    return block.indices.map { place in
      (0..<4).reduce(0) { $0 ^ multiply(block[place & ~3 | $1], factors[($1 - place & 3 + 4) & 3]) }
    }
  }

  /// Finds schedules in memory: at any multiple of four bytes.
  static func found(in bytes: [UInt8]) -> [AESKeySchedule] {
    var found: [AESKeySchedule] = []
    var start = 0
    search: while start + 176 <= bytes.count {
      for size in keySizes where start + 4 * size + 112 <= bytes.count && begins(bytes, start, size) {
        let schedule = AESKeySchedule(key: Array(bytes[start..<start + size]))
        let end = start + schedule.encryption.count
        if schedule.encryption.elementsEqual(bytes[start..<end]) {
          found.append(schedule)
          start = end
          continue search
        }
      }
      start += 4
    }
    return found
  }

  /// Whether the two words behind a key are what its schedule has there; most places fail here.
  private static func begins(_ bytes: [UInt8], _ start: Int, _ size: Int) -> Bool {
    let end = start + size
    for part in 0..<4 {
      let turned = substitution[Int(bytes[end - 4 + (part + 1) & 3])] ^ (part == 0 ? 1 : 0)
      guard bytes[end + part] == bytes[start + part] ^ turned,
        bytes[end + 4 + part] == bytes[end + part] ^ bytes[start + 4 + part]
      else { return false }
    }
    return true
  }
}
