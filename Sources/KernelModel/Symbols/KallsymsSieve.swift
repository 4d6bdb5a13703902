internal import DumpMemory

/// Tells by their lengths, and their first and last tokens, that names of kallsyms are none of those that are wanted: most of
/// 150,000 are passed by a few instructions each.
struct KallsymsSieve {
  /// What a token says of the names that it stands in.
  private struct Token {
    /// The last bytes of the wanted names that may begin with it, as bits of their lowest six; the first byte of a name is
    /// the kind of its symbol.
    var first: UInt64 = 0
    /// The same where it comes second, and the first is the kind alone.
    var second: UInt64 = 0
    /// All bits if it may be the kind alone.
    var alone: UInt64 = 0
    /// The bit of its last byte.
    var last: UInt64 = 0
    /// The bits of its second byte and of its first, with which a name begins.
    var secondByte: UInt64 = 0
    var firstByte: UInt64 = 0
    var length = 0
  }

  private let tokens: [Token]
  /// For each length, the first and the last bytes of the wanted names.
  private let lengths: [(first: UInt64, last: UInt64)]

  /// Names of more tokens are not passed here: their length has two bytes.
  private static let mostTokens = 127

  init(_ tokens: KallsymsTokens, _ wanted: WantedNames) {
    self.tokens = (0...UInt8.max).map { token in
      var known = Token()
      if let byte = tokens.byte(1, of: token) {
        known.first = wanted.lastBytes(ofNamesFrom: byte)
        known.secondByte = WantedNames.bit(byte)
      }
      if let byte = tokens.byte(0, of: token) {
        known.second = wanted.lastBytes(ofNamesFrom: byte)
        known.firstByte = WantedNames.bit(byte)
      }
      known.length = tokens.length(token)
      if tokens.length(token) == 1 { known.alone = .max }
      known.last = WantedNames.bit(tokens.lastByte(of: token))
      return known
    }
    lengths = wanted.endsOfLengths
  }

  /// Passes names that cannot be wanted, up to one that may be, that has two bytes of length or none, or that is near the end
  /// of the bytes.
  ///
  /// The loads are unchecked: a name ends before the bytes do, and there is a token for each byte.
  ///
  /// - Parameter names: at the length of one.
  @safe
  func pass(_ names: RawSpan, atMost most: Int) -> (names: Int, byteCount: Int) {
    let tokens = tokens.span
    @inline(__always)
    func byte(_ place: Int) -> Int {
      unsafe Int(names.unsafeLoad(fromUncheckedByteOffset: place, as: UInt8.self))
    }
    let end = names.byteCount - Self.mostTokens - 1
    var at = 0
    var passed = 0
    while at < end, passed < most {
      let count = byte(at)
      guard 1...Self.mostTokens ~= count else { break }
      let first = unsafe tokens[unchecked: byte(at &+ 1)]
      // What follows a name of one token is none of its own: the name is looked at, or is none in any case.
      let second = unsafe tokens[unchecked: byte(at &+ 2)]
      let last = unsafe tokens[unchecked: byte(at &+ count)]
      if (first.first | first.alone & second.second) & last.last != 0 {
        var length = -1
        for place in at &+ 1...at &+ count { length &+= unsafe tokens[unchecked: byte(place)].length }
        if length < lengths.count, length > 0 {
          let ends = lengths[length]
          let firstByte = first.secondByte | first.alone & second.firstByte
          if ends.first & firstByte != 0, ends.last & last.last != 0 { break }
        }
      }
      at &+= count &+ 1
      passed &+= 1
    }
    return (passed, at)
  }
}

extension KernelByteStream {
  /// Passes names, as far as they were read already; returns how many.
  mutating func pass(by sieve: KallsymsSieve, atMost most: Int) -> Int {
    let (names, byteCount) = sieve.pass(ahead, atMost: most)
    take(byteCount)
    return names
  }
}
