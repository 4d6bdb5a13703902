internal import DumpMemory
internal import Platform

extension BTF {
  /// The names and values of an enumeration.
  public typealias Enumerators = [String: Int64]

  /// Reads some enumerations alone, forwards and without the tables that other lookups need: every dump
  /// asks for some, and a capture kernel has no memory for all of `.BTF`.
  ///
  /// - Parameters:
  ///   - names: such as `pageflags`.
  ///   - start: `__start_BTF`
  ///   - stop: `__stop_BTF`
  /// - Returns: those that the kernel has.
  static func enumerations(
    named names: [String], from start: VirtualAddress, to stop: VirtualAddress, _ memory: inout KernelMemory
  ) throws(KernelError) -> [String: Enumerators] {
    let size = try size(from: start, to: stop)
    var header = try stream(at: start)
    try need(min(size, 32), of: &header, &memory)
    let sections = try sections(header.ahead, size: size)
    let strings = start + sections.strings.lowerBound
    let wanted = names.map { Array($0.utf8) + [0] }
    let layout = try layout(
      from: start + sections.layout.lowerBound, byteCount: sections.layout.count, &memory)
    var types = try stream(at: start + sections.types.lowerBound)
    var at = sections.types.lowerBound
    var found: [String: Enumerators] = [:]
    while at < sections.types.upperBound, found.count < names.count {
      try need(BTFType.byteCount, of: &types, &memory)
      guard let type = BTFType(types.ahead, at: 0), let count = end(of: type, layout: layout.bytes),
        at + count <= sections.types.upperBound
      else { throw .malformed("a type of BTF is of no known kind, or reaches past the end") }
      if type.isEnumeration, type.nameOffset != 0, Int(type.nameOffset) < sections.strings.count,
        let index = try index(
          of: strings + Int(type.nameOffset), atMost: sections.strings.count - Int(type.nameOffset),
          in: wanted,
          &memory)
      {
        found[names[index]] = try enumerators(
          of: type, from: start + at, strings: strings, byteCount: sections.strings.count, &memory)
      }
      types.skip(count)
      at += count
    }
    return found
  }

  private static func stream(at address: VirtualAddress) throws(KernelError) -> KernelByteStream {
    try KernelError.wrapping { () throws(SystemError) in try KernelByteStream(at: address) }
  }

  private static func need(
    _ count: Int, of stream: inout KernelByteStream, _ memory: inout KernelMemory
  ) throws(KernelError) {
    try KernelError.reading(".BTF") { () throws(VmcoreError) in try stream.need(count, in: &memory) }
  }

  /// The section of layouts: four bytes for each kind, of which there are at most 128.
  private static func layout(
    from address: VirtualAddress, byteCount: Int, _ memory: inout KernelMemory
  ) throws(KernelError) -> MappedBuffer {
    var buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: min(byteCount, 4 << 7))
    }
    try KernelError.reading(".BTF") { () throws(VmcoreError) in
      var bytes = buffer.mutableBytes
      try memory.read(address, into: &bytes)
    }
    return buffer
  }

  /// Which of some names, each with its NUL, stands at an address.
  private static func index(
    of address: VirtualAddress, atMost limit: Int, in names: [[UInt8]], _ memory: inout KernelMemory
  ) throws(KernelError) -> Int? {
    try KernelError.reading(".BTF") { () throws(VmcoreError) in
      var candidates = Array(names.indices)
      var at = 0
      while at < limit, !candidates.isEmpty {
        let byte = try memory.byte(address + at)
        candidates.removeAll { names[$0][at] != byte }
        if byte == 0 { return candidates.first }
        at += 1
      }
      return nil
    }
  }

  /// No enumeration of a kernel comes near.
  private static let mostEnumerators = 4096

  private static func enumerators(
    of type: BTFType, from address: VirtualAddress, strings: VirtualAddress, byteCount: Int,
    _ memory: inout KernelMemory
  ) throws(KernelError) -> Enumerators {
    guard type.count <= mostEnumerators else {
      throw .malformed("an enumeration of BTF has \(type.count) values")
    }
    var values: Enumerators = [:]
    let isWide = type.kind == BTFKind.enumeration64
    var elements = try stream(at: address + type.body)
    for _ in 0..<type.count {
      let size = isWide ? 12 : 8
      try need(size, of: &elements, &memory)
      guard let name = elements.ahead.littleEndian(at: 0, as: UInt32.self),
        let low = elements.ahead.littleEndian(at: 4, as: UInt32.self)
      else { break }
      let high =
        isWide ? elements.ahead.littleEndian(at: 8, as: UInt32.self) ?? 0 : low >> 31 == 1 ? .max : 0
      elements.take(size)
      guard Int(name) < byteCount else { continue }
      let text = try KernelError.reading(".BTF") { () throws(VmcoreError) in
        try memory.printableText(
          strings + Int(name), atMost: min(byteCount - Int(name), WantedNames.longestName))
      }
      values[text] = Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
    }
    return values
  }
}
