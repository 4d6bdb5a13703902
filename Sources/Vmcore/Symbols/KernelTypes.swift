/// The crashed kernel's types, from the vmlinux that the user named or from the vmcore itself.
public struct KernelTypes: ~Copyable {
  public let btf: BTF
  /// Where the types come from, and what speaks for their being this kernel's.
  public let evidence: String

  /// What to ask ``KernelSymbols`` for, so that types can be found.
  public static let symbols = ["__start_BTF", "__stop_BTF"]

  /// - Parameter wanted: what is taken of a vmlinux that has DWARF and no `.BTF`.
  /// - Throws: ``SymbolError`` if nobody has types, or if they contradict VMCOREINFO.
  public init(
    of kernel: CrashedKernel, _ symbols: KernelSymbols, files: SymbolFiles = SymbolFiles(),
    wanted: WantedTypes = .kernel, _ memory: inout KernelMemory
  ) throws(SymbolError) {
    if let path = files.vmlinux, let types = try Self(vmlinux: path, kernel, wanted) {
      self = types
    } else if let start = symbols.address(of: "__start_BTF"), let stop = symbols.address(of: "__stop_BTF") {
      try self.init(try BTF(from: start, to: stop, &memory), ".BTF of the vmcore", kernel)
    } else {
      throw .absent(
        "no types: the kernel has no .BTF (Linux 5.2, CONFIG_DEBUG_INFO_BTF) that can be found; name a vmlinux"
          + " that has types (-x)")
    }
  }

  /// The types of a vmlinux; nil if it has none.
  private init?(
    vmlinux path: String, _ kernel: CrashedKernel, _ wanted: WantedTypes
  ) throws(SymbolError) {
    do throws(SymbolError) {
      let file = try VmlinuxFile(opening: path)
      let proof = try file.identify(kernel)
      var slide: UInt64 = 0
      if !wanted.variables.isEmpty, let linked = try file.values(of: ["_stext"])["_stext"],
        let actual = kernel.info.symbol("_stext")
      {
        slide = actual.rawValue &- linked
      }
      guard let btf = try file.types(wanted.moved(back: slide)) else { return nil }
      try self.init(btf, proof.map { "\(path) (\($0))" } ?? path, kernel)
    } catch { throw error.following(path) }
  }

  private init(_ btf: consuming BTF, _ source: String, _ kernel: CrashedKernel) throws(SymbolError) {
    let (agreeing, contradiction) = btf.compare(with: kernel.info)
    if let contradiction { throw .malformed("its types are of another kernel: \(contradiction)") }
    evidence =
      "\(source): \(btf.count) types; \(agreeing) sizes and offsets are the same as in VMCOREINFO"
    self.btf = btf
  }
}

extension BTF {
  /// Compares with the sizes and offsets that VMCOREINFO gives.
  ///
  /// - Returns: how many are the same, and the first that is not. What one of them lacks is not counted.
  func compare(with info: VMCOREINFO) -> (agreeing: Int, contradiction: String?) {
    var agreeing = 0
    for line in info.lines {
      guard let open = line.firstIndex(of: "("), let equals = line.firstIndex(of: "="), open < equals,
        let number = Int(line[line.index(after: equals)...])
      else { continue }
      let subject = line[line.index(after: open)..<line.index(before: equals)]
      let own: Int?
      switch line[..<open] {
      case "SIZE": own = size(String(subject))
      case "OFFSET":
        guard let dot = subject.firstIndex(of: ".") else { continue }
        own = offset(String(subject[..<dot]), String(subject[subject.index(after: dot)...]))
      default: continue
      }
      guard let own else { continue }
      if own != number { return (agreeing, "\(line[..<equals]) is \(number) there and \(own) here") }
      agreeing += 1
    }
    return (agreeing, nil)
  }
}
