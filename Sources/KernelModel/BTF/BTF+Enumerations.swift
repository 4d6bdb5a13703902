internal import DumpMemory
internal import Platform

extension BTF {
  /// The names and values of an enumeration.
  public typealias Enumerators = [String: Int64]

  /// Reads some enumerations alone: one pass over the bytes, without the tables that other lookups need.
  ///
  /// - Parameters:
  ///   - names: such as `pageflags`.
  ///   - start: `__start_BTF`
  ///   - stop: `__stop_BTF`
  /// - Returns: those that the kernel has.
  static func enumerations(
    named names: [String], from start: VirtualAddress, to stop: VirtualAddress, _ memory: inout KernelMemory
  ) throws(KernelError) -> [String: Enumerators] {
    let buffer = try load(from: start, to: stop, &memory)
    let size = Int(stop.rawValue - start.rawValue)
    let bytes = buffer.bytes.extracting(0..<size)
    let sections = try sections(bytes, size: size)
    let wanted = names.map { Array($0.utf8) }
    var found: [String: Enumerators] = [:]
    var at = sections.types.lowerBound
    while at < sections.types.upperBound, found.count < names.count {
      guard let type = BTFType(bytes, at: at), let end = end(of: type, bytes: bytes, layout: sections.layout),
        end <= sections.types.upperBound
      else { throw .malformed("a type of BTF is of no known kind, or reaches past the end") }
      at = end
      guard type.kind == BTFKind.enumeration || type.kind == BTFKind.enumeration64 else { continue }
      let place = sections.strings.lowerBound + Int(type.nameOffset)
      guard
        let index = wanted.firstIndex(where: {
          place + $0.count < sections.strings.upperBound && bytes.holds($0, at: place)
        })
      else { continue }
      found[names[index]] = enumerators(of: type, bytes: bytes, strings: sections.strings)
    }
    return found
  }

  private static func enumerators(of type: BTFType, bytes: RawSpan, strings: Range<Int>) -> Enumerators {
    var values: Enumerators = [:]
    let isWide = type.kind == BTFKind.enumeration64
    for index in 0..<type.count {
      let at = type.body + index * (isWide ? 12 : 8)
      guard let name = bytes.littleEndian(at: at, as: UInt32.self),
        let low = bytes.littleEndian(at: at + 4, as: UInt32.self)
      else { break }
      let high = isWide ? bytes.littleEndian(at: at + 8, as: UInt32.self) ?? 0 : low >> 31 == 1 ? .max : 0
      let place = strings.lowerBound + Int(name)
      guard place < strings.upperBound else { continue }
      let text = bytes.text(in: place..<min(place + WantedNames.longestName, strings.upperBound))
      values[text] = Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
    }
    return values
  }
}
