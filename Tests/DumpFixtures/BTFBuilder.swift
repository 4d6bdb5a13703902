/// BTF, written as pahole does.
public struct BTFBuilder {
  public struct Member {
    public var name: String
    public var type: UInt32
    /// In bits.
    public var offset: Int
    /// Bits of a bit-field.
    public var bits: Int

    public init(name: String, type: UInt32, offset: Int, bits: Int = 0) {
      self.name = name
      self.type = type
      self.offset = offset
      self.bits = bits
    }
  }

  private var types: [UInt8] = []
  private var strings: [UInt8]
  private var known: [String: UInt32] = ["": 0]
  public private(set) var count: UInt32
  /// Where in all strings this one's own begin.
  private let firstString: Int
  /// Sizes of kinds that readers need not know: kind, bytes behind the type, bytes of each element.
  public var layout: [(fixed: UInt8, element: UInt8)] = []
  /// What the header claims instead of the truth.
  public var claimedTypeLength: UInt32?
  public var claimedStringOffset: UInt32?
  public var magic: UInt16 = 0xeb9f

  /// - Parameter base: what the types come behind, as a module's come behind the kernel's.
  public init(following base: BTFBuilder? = nil) {
    count = base?.count ?? 0
    firstString = base?.strings.count ?? 0
    strings = base == nil ? [0] : []
  }

  private mutating func name(_ text: String) -> UInt32 {
    if let place = known[text] { return place }
    let place = UInt32(firstString + strings.count)
    strings += Array(text.utf8) + [0]
    known[text] = place
    return place
  }

  /// A type of any kind with any content.
  @discardableResult
  public mutating func add(
    _ kind: UInt32, _ text: String, flag: Bool = false, count elements: Int = 0, word: UInt32,
    body: [UInt32] = []
  ) -> UInt32 {
    types.appendLittleEndian(name(text))
    types.appendLittleEndian(kind << 24 | UInt32(elements) | (flag ? 1 << 31 : 0))
    types.appendLittleEndian(word)
    for part in body { types.appendLittleEndian(part) }
    count += 1
    return count
  }

  public mutating func integer(_ text: String, _ size: UInt32) -> UInt32 {
    add(1, text, word: size, body: [size * 8])
  }

  public mutating func pointer(_ target: UInt32 = 0) -> UInt32 { add(2, "", word: target) }

  public mutating func array(_ element: UInt32, _ length: UInt32) -> UInt32 {
    add(3, "", word: 0, body: [element, 1, length])
  }

  public mutating func structure(_ text: String, _ size: UInt32, _ members: [Member], isUnion: Bool = false)
    -> UInt32
  {
    let flag = members.contains { $0.bits > 0 }
    let body = members.flatMap { member in
      [name(member.name), member.type, UInt32(member.offset) | UInt32(member.bits) << 24]
    }
    return add(isUnion ? 5 : 4, text, flag: flag, count: members.count, word: size, body: body)
  }

  public mutating func enumeration(_ text: String, _ values: [(String, Int32)]) -> UInt32 {
    let body = values.flatMap { [name($0.0), UInt32(bitPattern: $0.1)] }
    return add(6, text, flag: true, count: values.count, word: 4, body: body)
  }

  public mutating func enumeration64(_ text: String, _ values: [(String, UInt64)]) -> UInt32 {
    let body = values.flatMap {
      [name($0.0), UInt32(truncatingIfNeeded: $0.1), UInt32(truncatingIfNeeded: $0.1 >> 32)]
    }
    return add(19, text, count: values.count, word: 8, body: body)
  }

  public mutating func typedef(_ text: String, _ target: UInt32) -> UInt32 { add(8, text, word: target) }

  @discardableResult
  public mutating func variable(_ text: String, _ type: UInt32) -> UInt32 {
    add(14, text, word: type, body: [1])
  }

  /// Variables with their offsets and sizes.
  public mutating func dataSection(_ text: String, _ variables: [(UInt32, offset: UInt32, size: UInt32)]) {
    add(15, text, count: variables.count, word: 4096, body: variables.flatMap { [$0.0, $0.offset, $0.size] })
  }

  public func build() -> [UInt8] {
    var out: [UInt8] = []
    out.appendLittleEndian(magic)
    out += [1, 0]
    out.appendLittleEndian(UInt32(layout.isEmpty ? 24 : 32))
    out.appendLittleEndian(UInt32(0))
    out.appendLittleEndian(claimedTypeLength ?? UInt32(types.count))
    out.appendLittleEndian(claimedStringOffset ?? UInt32(types.count))
    out.appendLittleEndian(UInt32(strings.count))
    if !layout.isEmpty {
      out.appendLittleEndian(UInt32(types.count + strings.count))
      out.appendLittleEndian(UInt32(layout.count * 4))
    }
    out += types + strings
    for sizes in layout { out += [sizes.fixed, sizes.element, 0, 0] }
    return out
  }
}
