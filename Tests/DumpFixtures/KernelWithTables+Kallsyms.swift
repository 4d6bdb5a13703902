extension KernelWithTables {
  /// What every kernel of the tests has: enough symbols, `_stext`, a long name, two symbols of one name,
  /// and, if it keeps absolute ones, a per-CPU variable.
  public func standardSymbols(perCPU: Bool) -> [KallsymsImage.Symbol] {
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
  public static let longName = String(repeating: "xyz", count: 100)

  /// Puts kallsyms into the image; VMCOREINFO speaks of it if it is `declared`.
  @discardableResult
  public func addKallsyms(
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
