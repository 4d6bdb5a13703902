internal import DumpMemory

/// The crashed kernel's types, from the vmlinux that the user named or from the vmcore itself.
public final class KernelTypes {
  public let btf: BTF
  /// Where the types come from, and what speaks for their being this kernel's.
  public let evidence: String

  /// What to ask ``KernelSymbols`` for, so that types can be found.
  public static let symbols = ["__start_BTF", "__stop_BTF"]

  init(_ btf: consuming BTF, evidence: String) {
    self.btf = btf
    self.evidence = evidence
  }

  /// Finds a kernel's types.
  ///
  /// - Parameter wanted: what is taken of a vmlinux that has DWARF and no `.BTF`.
  /// - Throws: ``KernelError`` if nobody has types, or if they contradict VMCOREINFO.
  static func find(
    of sources: KernelSources, symbols: KernelSymbols, wanted: WantedTypes, in memory: inout KernelMemory
  ) throws(KernelError) -> KernelTypes {
    let kernel = sources.facts
    var wanted = wanted
    // What VMCOREINFO tells of them shows whether they are this kernel's.
    wanted.structures.formUnion(kernel.info.structures)
    if let path = sources.files.vmlinux, let types = try inVmlinux(path, of: kernel, wanted: wanted) {
      return types
    }
    guard let start = symbols.address(of: "__start_BTF"), let stop = symbols.address(of: "__stop_BTF") else {
      throw .absent(
        "no types: the kernel has no .BTF (Linux 5.2, CONFIG_DEBUG_INFO_BTF) that can be found; name a vmlinux"
          + " that has types (-x)")
    }
    return try checked(try BTF(from: start, to: stop, &memory), source: ".BTF of the vmcore", of: kernel)
  }

  /// The types of a vmlinux; nil if it has none.
  private static func inVmlinux(
    _ path: String, of kernel: KernelFacts, wanted: WantedTypes
  ) throws(KernelError) -> KernelTypes? {
    do throws(KernelError) {
      let file = try VmlinuxFile(opening: path)
      let proof = try file.identify(kernel)
      var slide: UInt64 = 0
      if !wanted.variables.isEmpty, let linked = try file.values(of: ["_stext"])["_stext"],
        let actual = kernel.info.symbol("_stext")
      {
        slide = actual.rawValue &- linked
      }
      guard let btf = try file.types(wanted.moved(back: slide)) else { return nil }
      return try checked(btf, source: proof.map { "\(path) (\($0))" } ?? path, of: kernel)
    } catch { throw error.following(path) }
  }

  private static func checked(
    _ btf: consuming BTF, source: String, of kernel: KernelFacts
  ) throws(KernelError) -> KernelTypes {
    let (agreeing, contradiction) = btf.compare(with: kernel.info)
    if let contradiction { throw .malformed("its types are of another kernel: \(contradiction)") }
    let evidence =
      "\(source): \(btf.count) types; \(agreeing) sizes and offsets are the same as in VMCOREINFO"
    return KernelTypes(btf, evidence: evidence)
  }
}

extension VMCOREINFO {
  /// A size or an offset that a line gives.
  fileprivate struct Measure {
    let structure: String
    /// Nil for the size of all of it.
    let member: String?
    let bytes: Int
    let key: Substring
  }

  fileprivate var measures: [Measure] {
    // A kernel has 200 lines.
    lines.prefix(4096).compactMap { line in
      guard let open = line.firstIndex(of: "("), let close = line.firstIndex(of: ")"), open < close,
        let equals = line.firstIndex(of: "="), line.index(after: close) == equals,
        let bytes = Int(line[line.index(after: equals)...])
      else { return nil }
      let subject = line[line.index(after: open)..<close]
      let key = line[..<equals]
      switch line[..<open] {
      case "SIZE": return Measure(structure: String(subject), member: nil, bytes: bytes, key: key)
      case "OFFSET":
        guard let dot = subject.firstIndex(of: ".") else { return nil }
        return Measure(
          structure: String(subject[..<dot]), member: String(subject[subject.index(after: dot)...]),
          bytes: bytes, key: key)
      default: return nil
      }
    }
  }

  /// Structures whose size it tells, or where a member is.
  fileprivate var structures: [String] { measures.map(\.structure) }
}

extension BTF {
  /// Compares with the sizes and offsets that VMCOREINFO gives.
  ///
  /// - Returns: how many are the same, and the first that is not. What one of them lacks is not counted.
  fileprivate func compare(with info: VMCOREINFO) -> (agreeing: Int, contradiction: String?) {
    var agreeing = 0
    for measure in info.measures {
      let own = measure.member.map { offset(measure.structure, $0) } ?? size(measure.structure)
      guard let own else { continue }
      if own != measure.bytes {
        return (agreeing, "\(measure.key) is \(measure.bytes) there and \(own) here")
      }
      agreeing += 1
    }
    return (agreeing, nil)
  }
}
