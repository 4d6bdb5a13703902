/// Puts together BPF Type Format of types that become known one after the other.
///
/// Documentation/bpf/btf.rst. A type has its number before it is described, so that structures can point to
/// each other; one that never is stays a forward declaration.
struct BTFWriter {
  struct Member {
    let name: String
    let type: UInt32
    /// Bits from the beginning of the structure.
    let offset: UInt32
    /// Bits of a bit-field; 0 for other members.
    let width: UInt32
  }

  enum Content {
    case forward
    case integer(byteCount: UInt32)
    case pointer(UInt32)
    case array(element: UInt32, count: UInt32)
    case structure(byteCount: UInt32, [Member], isUnion: Bool)
    case enumeration(byteCount: UInt32, [(name: String, value: Int64)])
    case typedef(UInt32)
    case function
    case variable(UInt32)
  }

  private var types: [(name: String, content: Content)] = []
  private var strings: [UInt8] = [0]
  private var places: [String: UInt32] = ["": 0]

  /// Types that have a number.
  var count: Int { types.count }

  /// Gives a type its number.
  mutating func add(_ name: String, _ content: Content = .forward) -> UInt32 {
    types.append((name, content))
    return UInt32(types.count)
  }

  /// Describes a type that has a number.
  mutating func describe(_ number: UInt32, _ content: Content) {
    types[Int(number) - 1].content = content
  }

  /// The bytes, with the header of version 1.
  consuming func bytes() -> [UInt8] {
    var body: [UInt8] = []
    for type in types { append(type.name, type.content, to: &body) }
    var result: [UInt8] = [0x9f, 0xeb, 1, 0]
    for word in [24, 0, body.count, body.count, strings.count] { Self.append(UInt32(word), to: &result) }
    return result + body + strings
  }

  /// `struct btf_type`, and what belongs to its kind.
  private mutating func append(_ name: String, _ content: Content, to body: inout [UInt8]) {
    let kind: UInt32
    var count = 0
    var flag = false
    let word: UInt32
    var rest: [UInt32] = []
    switch content {
    case .forward: (kind, word) = (7, 0)
    case .integer(let byteCount): (kind, word, rest) = (1, byteCount, [byteCount &* 8])
    case .pointer(let target): (kind, word) = (2, target)
    case .array(let element, let length): (kind, word, rest) = (3, 0, [element, 0, length])
    case .structure(let byteCount, let members, let isUnion):
      (kind, word, count) = (isUnion ? 5 : 4, byteCount, members.count)
      flag = members.contains { $0.width > 0 }
      for member in members {
        rest += [place(of: member.name), member.type, member.offset | (flag ? member.width << 24 : 0)]
      }
    case .enumeration(let byteCount, let values):
      let isWide = values.contains { !(Int64(Int32.min)...Int64(UInt32.max)).contains($0.value) }
      (kind, word, count) = (isWide ? 19 : 6, byteCount, values.count)
      flag = values.contains { $0.value < 0 }
      for (name, value) in values {
        rest += [place(of: name), UInt32(truncatingIfNeeded: value)]
        if isWide { rest.append(UInt32(truncatingIfNeeded: value >> 32)) }
      }
    case .typedef(let target): (kind, word) = (8, target)
    case .function: (kind, word) = (13, 0)
    case .variable(let type): (kind, word, rest) = (14, type, [1])
    }
    Self.append(place(of: name), to: &body)
    Self.append(kind << 24 | UInt32(count) | (flag ? 1 << 31 : 0), to: &body)
    Self.append(word, to: &body)
    for part in rest { Self.append(part, to: &body) }
  }

  private mutating func place(of text: String) -> UInt32 {
    if let place = places[text] { return place }
    let place = UInt32(strings.count)
    strings += Array(text.utf8) + [0]
    places[text] = place
    return place
  }

  private static func append(_ word: UInt32, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}
