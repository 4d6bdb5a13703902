/// A page frame number: a physical address divided by the page size.
public struct PFN: RawRepresentable, Hashable, Comparable, Strideable, Sendable, CustomStringConvertible {
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
  public static func < (left: PFN, right: PFN) -> Bool {
    left.rawValue < right.rawValue
  }

  @inlinable
  public func distance(to other: PFN) -> Int {
    Int(bitPattern: UInt(truncatingIfNeeded: other.rawValue &- rawValue))
  }

  @inlinable
  public func advanced(by distance: Int) -> PFN {
    PFN(rawValue &+ UInt64(bitPattern: Int64(distance)))
  }

  public var description: String {
    "pfn 0x" + String(rawValue, radix: 16)
  }
}
