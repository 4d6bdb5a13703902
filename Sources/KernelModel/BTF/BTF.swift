public import DumpMemory
internal import Platform

/// The kernel's own description of its types: BPF Type Format, as the section `.BTF` holds it.
///
/// Documentation/bpf/btf.rst; Linux 5.2 and later with CONFIG_DEBUG_INFO_BTF. The bytes (4 to 8 MB) are
/// kept as they are, with one offset for every 16 types and a table of those with names; nothing is made of
/// a type that nobody asks for. Any of the bytes may be damaged: a lookup then finds nothing.
public struct BTF: ~Copyable {
  private let buffer: MappedBuffer
  private let size: Int
  let types: Range<Int>
  let strings: Range<Int>
  /// Sizes of kinds as the BTF itself tells them, for those that are not known here (Linux 7.1).
  let layout: Range<Int>
  /// Where type 1, 17, 33... lie.
  private let marks: [UInt32]
  /// Where the types with a name lie, by the hash of the name; 0 is an empty place.
  private let placesByName: [UInt32]
  /// Types that the section describes; their numbers are 1...count, and 0 is void.
  public let count: Int

  /// More than any kernel has; a capture kernel must be able to hold it.
  public static let mostBytes = 16 << 20

  static let magic: UInt16 = 0xeb9f
  private static let stride = 16
  /// typedefs of typedefs, and structures inside of structures: no kernel comes near.
  static let deepest = 64

  /// Takes BTF from the crashed kernel's memory.
  ///
  /// - Parameters:
  ///   - start: `__start_BTF`
  ///   - stop: `__stop_BTF`
  public init(
    from start: VirtualAddress, to stop: VirtualAddress, _ memory: inout KernelMemory
  ) throws(KernelError) {
    let size = try Self.size(from: start, to: stop)
    var buffer = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: size) }
    try KernelError.reading(".BTF") { () throws(VmcoreError) in
      var bytes = buffer.mutableBytes
      try memory.readSequentially(start, into: &bytes)
    }
    try self.init(buffer, size: size)
  }

  /// Bytes of `.BTF` between its two symbols.
  static func size(from start: VirtualAddress, to stop: VirtualAddress) throws(KernelError) -> Int {
    guard stop > start, stop.rawValue - start.rawValue <= UInt64(mostBytes) else {
      throw .malformed("__start_BTF is \(start) and __stop_BTF \(stop)")
    }
    return Int(stop.rawValue - start.rawValue)
  }

  /// Takes BTF from a part of a file: the section of a vmlinux, or all of a file like
  /// `/sys/kernel/btf/vmlinux`.
  init(_ file: borrowing FileDescriptor, at offset: FileOffset, byteCount: UInt64) throws(KernelError) {
    guard byteCount <= UInt64(Self.mostBytes) else { throw .malformed(".BTF has \(byteCount) bytes") }
    var buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: Int(byteCount))
    }
    let got = try KernelError.wrapping { () throws(SystemError) in
      var bytes = buffer.mutableBytes(in: 0..<Int(byteCount))
      return try file.read(into: &bytes, at: offset)
    }
    guard got == Int(byteCount) else { throw .malformed(".BTF reaches past the end of the file") }
    try self.init(buffer, size: got)
  }

  /// Takes BTF that was put together in memory.
  ///
  /// - Parameter place: names of types from there on are found before those of types before it.
  init(_ bytes: [UInt8], preferring place: Int = 0) throws(KernelError) {
    var buffer = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: bytes.count)
    }
    var target = buffer.mutableBytes
    unsafe target.copy(bytes.span.bytes, at: 0)
    try self.init(buffer, size: bytes.count, preferring: place)
  }

  private init(
    _ buffer: consuming MappedBuffer, size: Int, preferring place: Int = 0
  ) throws(KernelError) {
    let sections = try Self.sections(buffer.bytes, size: size)
    guard buffer.bytes.littleEndian(at: sections.strings.upperBound - 1, as: UInt8.self) == 0 else {
      throw .malformed("the strings of BTF do not end")
    }
    var marks: [UInt32] = []
    var named: [UInt32] = []
    var count = 0
    var at = sections.types.lowerBound
    while at < sections.types.upperBound {
      if count % Self.stride == 0 { marks.append(UInt32(at)) }
      guard let type = BTFType(buffer.bytes, at: at),
        let end = Self.end(of: type, layout: buffer.bytes.extracting(sections.layout)),
        end <= sections.types.upperBound
      else { throw .malformed("type \(count + 1) of BTF is of no known kind, or reaches past the end") }
      count += 1
      if BTFKind.isLookedUp(type.kind), type.nameOffset != 0 { named.append(UInt32(at)) }
      at = end
    }
    let preferred = named.firstIndex { Int($0) >= place } ?? named.count
    placesByName = Self.table(
      of: Array(named[preferred...] + named[..<preferred]), bytes: buffer.bytes, strings: sections.strings)
    types = sections.types
    strings = sections.strings
    layout = sections.layout
    self.marks = marks
    self.count = count
    self.size = size
    self.buffer = buffer
  }

  struct Sections {
    var types: Range<Int>
    var strings: Range<Int>
    var layout: Range<Int>
  }

  /// `struct btf_header`: 24 bytes; 32 with the layout of kinds.
  ///
  /// - Parameter size: bytes of all of BTF, of which there need be no more than the header.
  static func sections(_ bytes: RawSpan, size: Int) throws(KernelError) -> Sections {
    guard bytes.littleEndian(at: 0, as: UInt16.self) == magic else {
      throw .malformed("BTF does not begin with its magic number")
    }
    guard bytes.littleEndian(at: 2, as: UInt8.self) == 1, let length = word(bytes, 4),
      length >= 24, length <= size
    else { throw .malformed("BTF has a header of another version") }
    func section(_ place: Int) -> Range<Int>? {
      guard let offset = word(bytes, place), let count = word(bytes, place + 4) else { return nil }
      let start = length + offset
      return start + count <= size ? start..<start + count : nil
    }
    guard let types = section(8), let strings = section(16), !strings.isEmpty else {
      throw .malformed("the sections of BTF do not lie inside of it")
    }
    return Sections(types: types, strings: strings, layout: length >= 32 ? section(24) ?? 0..<0 : 0..<0)
  }

  private static func word(_ bytes: RawSpan, _ offset: Int) -> Int? {
    bytes.littleEndian(at: offset, as: UInt32.self).map { Int($0) }
  }

  /// Where a type ends.
  ///
  /// - Parameter layout: the section of that name.
  static func end(of type: BTFType, layout: RawSpan) -> Int? {
    if let sizes = BTFKind.layout(type.kind) { return type.body + sizes.fixed + type.count * sizes.element }
    let entry = Int(type.kind) * 4
    guard entry + 4 <= layout.byteCount, let fixed = layout.littleEndian(at: entry, as: UInt8.self),
      let element = layout.littleEndian(at: entry + 1, as: UInt8.self)
    else { return nil }
    return type.body + Int(fixed) + type.count * Int(element)
  }

  // MARK: - Names

  /// An open hash table, at most half full.
  private static func table(of named: [UInt32], bytes: RawSpan, strings: Range<Int>) -> [UInt32] {
    var capacity = 16
    while capacity < named.count * 2 { capacity *= 2 }
    var table = [UInt32](repeating: 0, count: capacity)
    for place in named {
      guard let type = BTFType(bytes, at: Int(place)) else { continue }
      var hash = NameHash()
      var at = strings.lowerBound + Int(type.nameOffset)
      while at < strings.upperBound, let byte = bytes.littleEndian(at: at, as: UInt8.self), byte != 0,
        hash.count < longestName
      {
        hash.add(byte)
        at += 1
      }
      var slot = Int(hash.value) & (capacity - 1)
      for _ in 0..<mostProbes where table[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
      if table[slot] == 0 { table[slot] = place }
    }
    return table
  }

  /// The first type of a name that is accepted.
  func first(named name: [UInt8], where accept: (BTFType) -> Bool) -> BTFType? {
    var hash = NameHash()
    for byte in name.prefix(Self.longestName) { hash.add(byte) }
    var slot = Int(hash.value) & (placesByName.count - 1)
    for _ in 0...Self.mostProbes {
      if placesByName[slot] == 0 { return nil }
      if let type = BTFType(bytes, at: Int(placesByName[slot])), string(type.nameOffset, is: name),
        accept(type)
      {
        return type
      }
      slot = (slot + 1) & (placesByName.count - 1)
    }
    return nil
  }

  /// FNV-1a, 32 bits.
  private struct NameHash {
    var value: UInt32 = 0x811c_9dc5
    var count = 0

    @inline(__always)
    mutating func add(_ byte: UInt8) {
      value = (value ^ UInt32(byte)) &* 0x0100_0193
      count += 1
    }
  }

  /// Places that are tried for a name: damaged BTF may have one name a million times.
  private static let mostProbes = 256
  /// Bytes of a name that its hash is made of: damaged strings may be long.
  private static let longestName = 128

  /// Bytes of memory that all of it takes.
  var byteCount: Int {
    buffer.byteCount + (marks.capacity + placesByName.capacity) * MemoryLayout<UInt32>.size
  }

  // MARK: - Types by number

  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(0..<size) }
  }

  /// A type; nil for void and for numbers that there are not.
  func type(_ number: UInt32) -> BTFType? {
    guard number > 0, Int(number) <= count else { return nil }
    let index = Int(number) - 1
    var at = Int(marks[index / Self.stride])
    for _ in 0..<index % Self.stride {
      guard let type = BTFType(bytes, at: at), let end = Self.end(of: type, layout: bytes.extracting(layout))
      else { return nil }
      at = end
    }
    return BTFType(bytes, at: at)
  }

  /// Whether a string of BTF is this name.
  @inline(__always)
  func string(_ offset: UInt32, is name: [UInt8]) -> Bool {
    let start = strings.lowerBound + Int(offset)
    return start + name.count < strings.upperBound && bytes.holds(name, at: start)
  }

  /// A string of BTF, up to a limit.
  func string(_ offset: UInt32) -> String {
    let start = strings.lowerBound + Int(offset)
    guard start < strings.upperBound else { return "" }
    return bytes.text(in: start..<min(start + WantedNames.longestName, strings.upperBound))
  }

  /// Goes through all types until one is accepted.
  func first(where accept: (BTFType) -> Bool) -> BTFType? {
    var at = types.lowerBound
    for _ in 0..<count {
      guard let type = BTFType(bytes, at: at), let end = Self.end(of: type, layout: bytes.extracting(layout))
      else { return nil }
      if accept(type) { return type }
      at = end
    }
    return nil
  }
}
