/// An entry of the x86_64 page tables, as far as a walk looks at it: Intel SDM volume 3, 4.5.
public struct PageTableEntry {
  public let rawValue: UInt64

  /// Bits 51..12 of an entry.
  private static let frameMask: UInt64 = (1 << 52 - 1) & ~0xfff

  @inline(__always)
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  @inline(__always)
  public var isPresent: Bool { rawValue & 1 != 0 }

  /// Whether the entry maps memory itself; `level` is 1 for the last table. Levels 2 and 3 do so with PSE.
  @inline(__always)
  func isLeaf(level: Int) -> Bool { level == 1 || (level <= 3 && rawValue & (1 << 7) != 0) }

  /// The physical address that the entry names, without the encryption bit.
  @inline(__always)
  public func frame(without encryptionMask: UInt64) -> UInt64 { rawValue & Self.frameMask & ~encryptionMask }
}
