/// An address in the crashed machine's physical memory (paddr).
public struct PhysicalAddress: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
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
  public static func < (left: PhysicalAddress, right: PhysicalAddress) -> Bool {
    left.rawValue < right.rawValue
  }

  @inlinable
  public static func + (address: PhysicalAddress, distance: Int) -> PhysicalAddress {
    PhysicalAddress(address.rawValue &+ UInt64(bitPattern: Int64(distance)))
  }

  public var description: String {
    "paddr 0x" + String(rawValue, radix: 16)
  }
}
