/// kallsyms' tables, written as scripts/kallsyms.c does.
public struct KallsymsImage: Sendable {
  public struct Symbol: Sendable {
    public var name: String
    public var address: UInt64
    public var kind: Character

    public init(name: String, address: UInt64, kind: Character = "t") {
      self.name = name
      self.address = address
      self.kind = kind
    }
  }

  /// In which order the tables lie, and which there are.
  public enum Layout: CaseIterable, Sendable {
    /// 4.6 to 4.19, whose markers have 8 bytes.
    case wideMarkers
    /// 4.20 to 6.1.
    case offsetsFirst
    /// 6.2 to 6.4: `kallsyms_seqs_of_names` behind the markers.
    case withSequences
    /// 6.5: offsets behind the tokens.
    case offsetsLast
    /// 7.1: no base, and tables that are aligned to 4 bytes.
    case fromPlace
  }

  public var symbols: [Symbol]
  public var layout: Layout
  /// CONFIG_KALLSYMS_ABSOLUTE_PERCPU, up to 6.14.
  public var keepsAbsolute: Bool
  /// `_text`, which the base is.
  public var base: UInt64

  public init(symbols: [Symbol], layout: Layout, keepsAbsolute: Bool = true, base: UInt64) {
    self.symbols = symbols
    self.layout = layout
    self.keepsAbsolute = keepsAbsolute
    self.base = base
  }

  /// Codes that are no letters of names stand for pieces of them.
  private static let pieces: [UInt8: String] = [
    0: "filler_", 1: "_", 2: "00", 3: "start", 4: "stop", 0x1f: "BTF", 0x7f: "tfil", 0x80: "__",
    0xff: "kexec",
  ]

  private static func token(_ code: Int) -> String {
    if let piece = pieces[UInt8(code)] { return piece }
    return (0x21...0x7e).contains(code) ? String(UnicodeScalar(UInt8(code))) : ""
  }

  /// One symbol for each tenth of a kilobyte of text, so that there are as many as a kernel must have.
  public static func fillers(_ count: Int, at text: UInt64) -> [Symbol] {
    (0..<count).map { index in
      let digits = String(index)
      return Symbol(
        name: "filler_" + String(repeating: "0", count: 4 - digits.count) + digits,
        address: text + UInt64(index) * 16)
    }
  }

  private func compressed(_ symbol: Symbol) -> [UInt8] {
    let text = Array((String(symbol.kind) + symbol.name).utf8)
    var out: [UInt8] = []
    var at = 0
    while at < text.count {
      let best = Self.pieces.filter { text[at...].starts(with: $0.value.utf8) }
        .max { $0.value.utf8.count < $1.value.utf8.count }
      out.append(best?.key ?? text[at])
      at += best?.value.utf8.count ?? 1
    }
    let length =
      out.count < 128 ? [UInt8(out.count)] : [UInt8(out.count & 0x7f | 0x80), UInt8(out.count >> 7)]
    return length + out
  }

  /// Lays the tables out from an address on, and says where each lies by its name in the kernel.
  public func build(at address: UInt64) -> (bytes: [UInt8], places: [String: UInt64]) {
    var out: [UInt8] = []
    var places: [String: UInt64] = [:]
    let alignment = layout == .fromPlace ? 4 : 8
    func label(_ name: String) {
      while out.count % alignment != 0 { out.append(0) }
      places[name] = address + UInt64(out.count)
    }
    func offsets() {
      label("kallsyms_offsets")
      for symbol in symbols { out.appendLittleEndian(offset(of: symbol, at: address + UInt64(out.count))) }
      guard layout != .fromPlace else { return }
      label("kallsyms_relative_base")
      out.appendLittleEndian(base)
    }
    func sequences() {
      label("kallsyms_seqs_of_names")
      for index in symbols.indices {
        out += [UInt8(index >> 16 & 0xff), UInt8(index >> 8 & 0xff), UInt8(index & 0xff)]
      }
    }
    func names() {
      label("kallsyms_num_syms")
      out.appendLittleEndian(UInt32(symbols.count))
      label("kallsyms_names")
      var markers: [Int] = []
      let start = out.count
      for (index, symbol) in symbols.enumerated() {
        if index % 256 == 0 { markers.append(out.count - start) }
        out += compressed(symbol)
      }
      label("kallsyms_markers")
      for marker in markers {
        if layout == .wideMarkers {
          out.appendLittleEndian(UInt64(marker))
        } else {
          out.appendLittleEndian(UInt32(marker))
        }
      }
    }
    func tokens() {
      label("kallsyms_token_table")
      var starts: [UInt16] = []
      let start = out.count
      for code in 0..<256 {
        starts.append(UInt16(out.count - start))
        out += Array(Self.token(code).utf8) + [0]
      }
      label("kallsyms_token_index")
      for place in starts { out.appendLittleEndian(place) }
    }
    switch layout {
    case .wideMarkers, .offsetsFirst, .withSequences:
      offsets()
      names()
      if layout == .withSequences { sequences() }
      tokens()
    case .offsetsLast, .fromPlace:
      names()
      tokens()
      offsets()
      sequences()
    }
    return (out, places)
  }

  private func offset(of symbol: Symbol, at place: UInt64) -> UInt32 {
    if layout == .fromPlace { return UInt32(truncatingIfNeeded: symbol.address &- place) }
    guard keepsAbsolute else { return UInt32(truncatingIfNeeded: symbol.address &- base) }
    return UInt32(truncatingIfNeeded: symbol.address < base ? symbol.address : base &- symbol.address &- 1)
  }
}
