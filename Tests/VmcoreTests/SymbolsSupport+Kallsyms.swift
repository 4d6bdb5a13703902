import DumpFixtures

/// kallsyms' tables, written as scripts/kallsyms.c does.
struct KallsymsImage {
  struct Symbol {
    var name: String
    var address: UInt64
    var kind: Character = "t"
  }

  /// In which order the tables lie, and which there are.
  enum Layout: CaseIterable {
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

  var symbols: [Symbol]
  var layout: Layout
  /// CONFIG_KALLSYMS_ABSOLUTE_PERCPU, up to 6.14.
  var keepsAbsolute = true
  /// `_text`, which the base is.
  var base: UInt64

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
  static func fillers(_ count: Int, at text: UInt64) -> [Symbol] {
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
  func build(at address: UInt64) -> (bytes: [UInt8], places: [String: UInt64]) {
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

extension KernelWithTables {
  /// What every kernel of the tests has: enough symbols, `_stext`, a long name, two symbols of one name,
  /// and, if it keeps absolute ones, a per-CPU variable.
  func standardSymbols(perCPU: Bool) -> [KallsymsImage.Symbol] {
    let text = kernel.text
    let first = perCPU ? [KallsymsImage.Symbol(name: "cpu_number", address: 0x1fb80, kind: "D")] : []
    return first + [KallsymsImage.Symbol(name: "_stext", address: text, kind: "T")]
      + KallsymsImage.fillers(1200, at: text)
      + [
        KallsymsImage.Symbol(name: Self.longName, address: text + 0x5000),
        KallsymsImage.Symbol(name: "twice", address: text + 0x5010),
        KallsymsImage.Symbol(name: "twice", address: text + 0x5020),
        KallsymsImage.Symbol(name: "__start_BTF", address: text + 0x7ff_fff0, kind: "D"),
      ]
  }

  /// 300 letters that no token shortens.
  static let longName = String(repeating: "xyz", count: 100)

  /// Puts kallsyms into the image; VMCOREINFO speaks of it if it is `declared`.
  @discardableResult
  func addKallsyms(
    _ layout: KallsymsImage.Layout, keepsAbsolute: Bool = true, declared: Bool = true,
    change: (inout KallsymsImage) -> Void = { _ in }
  ) -> (address: UInt64, byteCount: Int) {
    var image = KallsymsImage(
      symbols: standardSymbols(perCPU: keepsAbsolute && layout != .fromPlace), layout: layout,
      keepsAbsolute: keepsAbsolute, base: kernel.text)
    change(&image)
    let (bytes, places) = image.build(at: nextAddress)
    if declared {
      let exported = ["names", "num_syms", "token_table", "token_index", "offsets", "relative_base"]
      for name in exported {
        if let place = places["kallsyms_\(name)"] { setSymbol("kallsyms_\(name)", place) }
      }
    }
    return (place(bytes), bytes.count)
  }
}
