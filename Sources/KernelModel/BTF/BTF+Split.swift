internal import DumpMemory

extension BTF {
  /// Types and behind them those that were written to follow them: a module's, behind the kernel's.
  ///
  /// The numbers of such types and the places of their names go on where those of the first end
  /// (Documentation/bpf/btf.rst, "split BTF"), so that one behind the other they are BTF as any other. A name that
  /// both have is the second's.
  ///
  /// - Parameter split: all of it, with its own header.
  init(_ base: consuming BTF, adding split: RawSpan) throws(KernelError) {
    func word(_ offset: Int) -> Int? { split.littleEndian(at: offset, as: UInt32.self).map { Int($0) } }
    guard split.littleEndian(at: 0, as: UInt16.self) == Self.magic, let header = word(4), header >= 24,
      let typeOffset = word(8), let typeCount = word(12), let stringOffset = word(16),
      let stringCount = word(20), header + typeOffset + typeCount <= split.byteCount,
      header + stringOffset + stringCount <= split.byteCount,
      base.types.count + base.strings.count + base.layout.count + typeCount + stringCount <= Self.mostBytes
    else { throw .malformed("the sections of the module's BTF do not lie inside of it") }
    let types = base.types.count + typeCount
    let strings = base.strings.count + stringCount
    var bytes: [UInt8] = []
    func append(_ number: Int) {
      for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    func append(_ part: Range<Int>, of source: RawSpan) {
      unsafe source.extracting(part).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    append(Int(Self.magic) | 1 << 16)
    for number in [32, 0, types, types, strings, types + strings, base.layout.count] { append(number) }
    append(base.types, of: base.bytes)
    append(header + typeOffset..<header + typeOffset + typeCount, of: split)
    append(base.strings, of: base.bytes)
    append(header + stringOffset..<header + stringOffset + stringCount, of: split)
    append(base.layout, of: base.bytes)
    try self.init(bytes, preferring: 32 + base.types.count)
  }
}
