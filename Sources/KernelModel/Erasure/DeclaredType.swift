/// The type of a variable as a `type` statement writes it: what it is made of, and layers around that.
///
/// `struct NAME`, `union NAME`, `enum NAME`, a typedef, `void` or an integer of C, then any number of `*`, then any
/// number of `[N]`, as in `struct page *[4]`: C's way of writing a type without parentheses.
public struct DeclaredType: Hashable, Sendable {
  public enum Layer: Hashable, Sendable {
    case pointer
    /// Elements; 0 where the kernel's types do not say.
    case array(Int)
  }

  public enum Base: Hashable, Sendable {
    case structure(String)
    case union(String)
    case enumeration(String)
    case typedef(String)
    case integer(byteCount: Int, isCharacter: Bool)
    case void
  }

  public let base: Base
  /// The outermost first: an array of pointers is an array, then a pointer.
  public let layers: [Layer]
  public let text: String

  private static let mostLayers = 16
  private static let mostElements = 1 << 31

  /// - Returns: nil if the text is no type.
  public init?(_ text: String) {
    var tokens = Self.tokens(text)[...]
    let words = tokens.prefix { $0 != "*" && $0 != "[" && $0 != "]" }
    tokens = tokens.dropFirst(words.count)
    guard let base = Self.base(words.filter { $0 != "const" && $0 != "volatile" }) else { return nil }
    let stars = tokens.prefix { $0 == "*" }
    tokens = tokens.dropFirst(stars.count)
    var layers: [Layer] = []
    while let open = tokens.popFirst() {
      guard open == "[", let digits = tokens.popFirst(), tokens.popFirst() == "]",
        let count = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits),
        (1...Self.mostElements).contains(count)
      else { return nil }
      layers.append(.array(count))
    }
    layers += stars.map { _ in .pointer }
    guard layers.count <= Self.mostLayers else { return nil }
    self.base = base
    self.layers = layers
    self.text = text
  }

  /// Words, and the signs `*`, `[` and `]`, which need no blanks around them.
  private static func tokens(_ text: String) -> [Substring] {
    var tokens: [Substring] = []
    var rest = text[...]
    while let first = rest.first {
      let length = isSign(first) ? 1 : rest.prefix { $0 != " " && $0 != "\t" && !isSign($0) }.count
      if length > 0 { tokens.append(rest.prefix(length)) }
      rest = rest.dropFirst(max(length, 1))
    }
    return tokens
  }

  private static func isSign(_ character: Character) -> Bool {
    character == "*" || character == "[" || character == "]"
  }

  private static func base(_ words: [Substring]) -> Base? {
    if words.count == 2, isName(words[1]) {
      switch words[0] {
      case "struct": return .structure(String(words[1]))
      case "union": return .union(String(words[1]))
      case "enum": return .enumeration(String(words[1]))
      default: break
      }
    }
    if words == ["void"] { return .void }
    if let integer = integer(words) { return integer }
    return words.count == 1 && isName(words[0]) ? .typedef(String(words[0])) : nil
  }

  /// C's own integers, their words in any order.
  private static func integer(_ words: [Substring]) -> Base? {
    guard !words.isEmpty else { return nil }
    let sizes = words.filter { $0 != "signed" && $0 != "unsigned" && $0 != "int" }
    guard words.filter({ $0 == "signed" || $0 == "unsigned" }).count <= 1,
      words.filter({ $0 == "int" }).count <= (sizes == ["char"] ? 0 : 1)
    else { return nil }
    switch sizes {
    case []: return .integer(byteCount: 4, isCharacter: false)
    // As in the kernel's types, bytes with a sign of their own make no strings.
    case ["char"]: return .integer(byteCount: 1, isCharacter: words.count == 1)
    case ["short"]: return .integer(byteCount: 2, isCharacter: false)
    case ["long"], ["long", "long"]: return .integer(byteCount: 8, isCharacter: false)
    default: return nil
    }
  }

  private static func isName(_ word: Substring) -> Bool {
    let keywords = ["struct", "union", "enum", "void", "signed", "unsigned"]
    guard let first = word.utf8.first, !(0x30...0x39).contains(first), !keywords.contains(String(word)) else {
      return false
    }
    return word.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f
    }
  }
}
