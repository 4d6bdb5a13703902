public import DumpMemory

extension VMCOREINFO {
  /// The same with the lines of another text behind its own; the first line of a key counts.
  public func joined(with other: VMCOREINFO) -> VMCOREINFO {
    VMCOREINFO(Self.text(lines + other.lines))
  }

  /// The same with its symbols moved by as much as `_stext` lies elsewhere in another text.
  ///
  /// - Parameter other: of the crashed kernel, whose map of addresses counts.
  /// - Returns: nil if either has no `SYMBOL(_stext)`.
  public func moved(like other: VMCOREINFO) -> VMCOREINFO? {
    guard let own = symbol("_stext"), let actual = other.symbol("_stext"),
      let machine = other.machine
    else { return nil }
    return moved(by: actual.rawValue &- own.rawValue, on: machine)
  }

  /// The same with what lies in the kernel's image moved by KASLR's offset.
  ///
  /// Data elsewhere, such as what `mem_section` points to, does not move with the image.
  func moved(by slide: UInt64, on machine: Machine) -> VMCOREINFO {
    VMCOREINFO(
      Self.text(
        lines.map { line in
          guard line.hasPrefix("SYMBOL("), let equals = line.firstIndex(of: "="),
            let value = UInt64(line[line.index(after: equals)...], radix: 16),
            machine.isInImage(value)
          else { return line }
          return line[...equals] + String(value &+ slide, radix: 16)
        }))
  }

  /// The same with the values of another text where that has the key, and with the lines that this one lacks.
  ///
  /// - Returns: also the keys whose values are others, and how many were added.
  public func overridden(by other: VMCOREINFO) -> (info: VMCOREINFO, changed: [String], added: Int) {
    var changed: [String] = []
    var result: [Substring] = []
    var keys: Set<String> = []
    for line in lines {
      guard let equals = line.firstIndex(of: "=") else {
        result.append(line)
        continue
      }
      let key = String(line[..<equals])
      // `makedumpfile -g` writes such a length of an array whose declaration has none.
      let isOfNoLength = key.hasPrefix("LENGTH(") && other.string(key).flatMap { Int32($0) } == nil
      if keys.insert(key).inserted, !isOfNoLength, let value = other.string(key),
        value != line[line.index(after: equals)...]
      {
        changed.append(key)
        result.append(line[...equals] + value)
      } else {
        result.append(line)
      }
    }
    var added = 0
    for line in other.lines {
      guard let equals = line.firstIndex(of: "="), keys.insert(String(line[..<equals])).inserted else {
        continue
      }
      result.append(line)
      added += 1
    }
    return (VMCOREINFO(Self.text(result)), changed, added)
  }

  /// The same without the symbols that lie outside of the kernel's image and that another text has, too.
  public func withoutPointers(knownTo other: VMCOREINFO) -> VMCOREINFO {
    guard let machine = other.machine ?? machine else { return self }
    return withoutSymbols { key, address in !machine.isInImage(address) && other.string(key) != nil }
  }

  /// The same without the symbols that lie in the kernel's image and in another text outside of it.
  public func withoutPlaces(ofPointersIn other: VMCOREINFO) -> VMCOREINFO {
    guard let machine = other.machine ?? machine else { return self }
    return withoutSymbols { key, address in
      let pointer = other.string(key).flatMap { UInt64($0, radix: 16) }
      return machine.isInImage(address) && pointer.map { !machine.isInImage($0) } ?? false
    }
  }

  private func withoutSymbols(_ isUnwanted: (_ key: String, _ address: UInt64) -> Bool) -> VMCOREINFO {
    VMCOREINFO(
      Self.text(
        lines.filter { line in
          guard line.hasPrefix("SYMBOL("), let equals = line.firstIndex(of: "="),
            let address = UInt64(line[line.index(after: equals)...], radix: 16)
          else { return true }
          return !isUnwanted(String(line[..<equals]), address)
        }))
  }

  /// The same without lines of some keys.
  public func without(_ keys: [String]) -> VMCOREINFO {
    VMCOREINFO(Self.text(lines.filter { line in !keys.contains { line.hasPrefix($0 + "=") } }))
  }

  private static func text(_ lines: [Substring]) -> String {
    lines.joined(separator: "\n") + "\n"
  }
}
