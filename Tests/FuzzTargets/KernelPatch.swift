import DumpFixtures

/// One change to a synthetic kernel: 12 bytes of an input, any of which mean something.
///
/// What is done (1), in which window (1), at which place in it (2), and with what (8).
struct KernelPatch {
  private enum Action: UInt8, CaseIterable {
    /// 8, 4, 2 bytes or 1 are written, at a multiple of as many.
    case word, half, quarter, byte
    /// 8 bytes that point to a place in a window, perhaps beside it.
    case pointer
    /// 8 bytes that lead to a place in a window by its physical address, with flags: an entry of a page table.
    case entry
    /// Up to 255 bytes are copied from another place.
    case copy
    /// A number of VMCOREINFO becomes another.
    case number
    /// A symbol of VMCOREINFO comes to lie in a window.
    case symbol
    /// A number of VMCOREINFO becomes a small one.
    case smallNumber
  }

  static let byteCount = 12

  private let action: Action
  private let window: Int
  private let place: Int
  private let value: UInt64

  init(_ bytes: inout InputBytes) {
    let actions = Action.allCases
    action = actions[Int(bytes.byte()) % actions.count]
    window = Int(bytes.byte())
    place = Int(bytes.number(UInt16.self))
    value = bytes.number(UInt64.self)
  }

  /// - Parameters:
  ///   - lines: of VMCOREINFO.
  ///   - changes: what becomes of their values.
  func apply(
    to memory: PatchedMemory, _ windows: [PatchedKernel.Window], lines: [(key: String, value: String)],
    _ changes: inout [Int: String]
  ) {
    let target = windows[window % windows.count]
    func at(_ size: Int) -> UInt64 {
      target.physical + UInt64(place % max(target.byteCount / size, 1) * size)
    }
    let other = windows[Int(value & 0xff) % windows.count]
    let offset = UInt64(Int(value >> 8 & 0xffff) % max(other.byteCount, 1))
    let line = place % lines.count
    switch action {
    case .word: memory.write(value, byteCount: 8, at: at(8))
    case .half: memory.write(value, byteCount: 4, at: at(4))
    case .quarter: memory.write(value, byteCount: 2, at: at(2))
    case .byte: memory.write(value, byteCount: 1, at: at(1))
    case .pointer: memory.write(other.virtual &+ offset, byteCount: 8, at: at(8))
    case .entry:
      memory.write(
        (other.physical &+ offset) & ~0xfff | value >> 24 & 0xfff | value & 1 << 63, byteCount: 8, at: at(8))
    case .copy: memory.copy(from: other.physical + offset, to: at(1), byteCount: Int(value >> 24 & 0xff))
    case .number: changes[line] = Self.text(value, like: lines[line].key)
    case .symbol:
      changes[line] = Self.text(other.virtual &+ offset, like: lines[line].key)
    case .smallNumber: changes[line] = Self.text(value & 0x1ff, like: lines[line].key)
    }
  }

  /// As VMCOREINFO writes a number: symbols in hexadecimal, others in decimal.
  private static func text(_ value: UInt64, like key: String) -> String {
    if key.hasPrefix("SYMBOL(") || key == "KERNELOFFSET" { return String(value, radix: 16) }
    return String(Int64(bitPattern: value))
  }

  /// The bytes of a change, for inputs to begin with.
  ///
  /// - Parameter place: in units of what is written.
  static func bytes(_ action: UInt8, window: UInt8 = 0, place: UInt16 = 0, value: UInt64) -> [UInt8] {
    var bytes = [action, window]
    bytes.appendLittleEndian(place)
    bytes.appendLittleEndian(value)
    return bytes
  }
}
