/// An address as the crashed kernel used it (vaddr).
public struct VirtualAddress: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  @inlinable
  public static func < (left: VirtualAddress, right: VirtualAddress) -> Bool {
    left.rawValue < right.rawValue
  }

  @inlinable
  public static func + (address: VirtualAddress, distance: Int) -> VirtualAddress {
    VirtualAddress(address.rawValue &+ UInt64(bitPattern: Int64(distance)))
  }

  public var description: String {
    "vaddr 0x" + String(rawValue, radix: 16)
  }
}
