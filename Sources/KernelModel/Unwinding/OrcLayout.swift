internal import DumpMemory

/// How a kernel lays `struct orc_entry` out: two offsets, and the bits of two registers and a kind.
///
/// Linux 4.14 to 6.2 have two bits of kind and, from 4.19 on, `end`; 6.3 has `signal` besides; 6.4 has three bits of kind and no
/// `end`. Where it is not in BTF, the release decides.
struct OrcLayout {
  private struct Bits {
    let shift: UInt64
    let count: UInt64

    func value(in word: UInt64) -> UInt64 { word >> shift & (1 << count - 1) }
  }

  let byteCount: Int
  private let stackBase: Bits
  private let framePointerBase: Bits
  private let kind: Bits
  private let end: Bits?
  /// From 6.4 on the kinds are others.
  private let isNumberedAnew: Bool
  /// What the numbers of registers mean. They are macros and in no type information: the tables themselves show it.
  private(set) var bases = OrcBase.old

  init(_ types: KernelTypes?, version: KernelVersion) {
    if let types, types.btf.size("orc_entry") == 6, let stack = Self.bits("sp_reg", types: types.btf),
      let frame = Self.bits("bp_reg", types: types.btf), let kind = Self.bits("type", types: types.btf),
      types.btf.offset("orc_entry", "sp_offset") == 0, types.btf.offset("orc_entry", "bp_offset") == 2
    {
      stackBase = stack
      framePointerBase = frame
      self.kind = kind
      end = Self.bits("end", types: types.btf)
      isNumberedAnew = kind.count == 3
    } else {
      isNumberedAnew = version >= KernelVersion(6, minor: 4)
      stackBase = Bits(shift: 32, count: 4)
      framePointerBase = Bits(shift: 36, count: 4)
      kind = Bits(shift: 40, count: isNumberedAnew ? 3 : 2)
      let isWithSignal = version >= KernelVersion(6, minor: 3)
      end = isNumberedAnew ? nil : Bits(shift: isWithSignal ? 43 : 42, count: 1)
    }
    byteCount = 6
  }

  private static func bits(_ name: String, types: borrowing BTF) -> Bits? {
    guard let member = types.member("orc_entry", path: name), let count = member.bitCount,
      (32..<48).contains(member.bitOffset), (1...8).contains(count)
    else { return nil }
    return Bits(shift: UInt64(member.bitOffset), count: UInt64(count))
  }

  /// - Parameter word: the entry's bytes, the first lowest.
  func entry(_ word: UInt64) -> OrcEntry {
    let base = meaning(of: stackBase.value(in: word))
    let number = kind.value(in: word)
    let kind: OrcEntry.Kind
    if isNumberedAnew {
      kind = [.undefined, .end, .call, .registers, .partialRegisters][Int(number < 5 ? number : 0)]
    } else if base == .undefined {
      kind = end.map { $0.value(in: word) == 1 } ?? false ? .end : .undefined
    } else {
      kind = [.call, .registers, .partialRegisters, .undefined][Int(number & 3)]
    }
    return OrcEntry(
      stackBase: base, stackOffset: Int(Int16(truncatingIfNeeded: word)),
      framePointerBase: meaning(of: framePointerBase.value(in: word)),
      framePointerOffset: Int(Int16(truncatingIfNeeded: word >> 16)), kind: kind)
  }

  private func meaning(of number: UInt64) -> OrcBase {
    number < UInt64(bases.count) ? bases[Int(number)] : .unknown
  }

  /// The same for a kernel of which some entries are known: nine of ten count from the stack pointer, whose number 7.3 gave to
  /// another register.
  func fitting(_ sample: [UInt64]) -> OrcLayout {
    var layout = self
    let numbers = sample.map { stackBase.value(in: $0) }
    if numbers.count(where: { $0 == 3 }) > numbers.count(where: { $0 == 5 }) { layout.bases = OrcBase.new }
    return layout
  }
}
