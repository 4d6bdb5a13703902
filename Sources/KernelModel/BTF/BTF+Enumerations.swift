internal import DumpMemory
internal import Platform

extension BTF {
  /// The names and values of an enumeration.
  public typealias Enumerators = [String: Int64]

  /// Reads some enumerations alone, from the strings on forwards and without the tables that other lookups need: every dump
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
    let places = try places(
      of: names, from: start + sections.strings.lowerBound, byteCount: sections.strings.count, &memory)
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
      if type.isEnumeration, let name = places[type.nameOffset] {
        found[name] = try enumerators(
          of: type, from: start + at, strings: start + sections.strings.lowerBound,
          byteCount: sections.strings.count, &memory)
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

  /// By their offsets, the strings that are wanted: what compares numbers afterwards need not read each type's name.
  private static func places(
    of names: [String], from start: VirtualAddress, byteCount: Int, _ memory: inout KernelMemory
  ) throws(KernelError) -> [UInt32: String] {
    let wanted = names.map { Array($0.utf8) }
    var begins = [Bool](repeating: false, count: 256)
    for first in wanted.compactMap(\.first) { begins[Int(first)] = true }
    let longest = wanted.reduce(0) { max($0, $1.count) } + 1
    var strings = try stream(at: start)
    var places: [UInt32: String] = [:]
    var at = 0
    while at < byteCount {
      let step = min(byteCount - at, 16 << 10)
      try need(min(step + longest, byteCount - at), of: &strings, &memory)
      try note(wanted, begins: begins, in: strings.ahead.extracting(first: byteCount - at), upTo: step) {
        (place, index) throws(KernelError) in
        guard places.count < mostPlaces else { throw .malformed("BTF has \(names[index]) too many times") }
        places[UInt32(at + place)] = names[index]
      }
      strings.take(step)
      at += step
    }
    return places
  }

  private static func note(
    _ wanted: [[UInt8]], begins: [Bool], in bytes: RawSpan, upTo end: Int,
    _ found: (_ place: Int, _ index: Int) throws(KernelError) -> Void
  ) throws(KernelError) {
    for place in 0..<min(end, bytes.byteCount) {
      guard let byte = bytes.littleEndian(at: place, as: UInt8.self), begins[Int(byte)],
        let index = wanted.firstIndex(where: { bytes.holds($0, at: place) })
      else { continue }
      try found(place, index)
    }
  }

  /// BTF has each of its strings once.
  private static let mostPlaces = 256
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
