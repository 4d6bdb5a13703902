/// The page size of the crashed machine, as a shift.
public struct PageGeometry: Hashable, Sendable {
  public let shift: UInt64

  @inlinable
  public init(shift: UInt64) {
    self.shift = shift
  }

  /// Bytes of a page.
  @inlinable
  public var size: Int { 1 << Int(shift) }

  /// The frame that holds an address.
  @inlinable
  public func pfn(of address: PhysicalAddress) -> PFN {
    PFN(address.rawValue >> shift)
  }

  /// Where a frame begins.
  @inlinable
  public func address(of pfn: PFN) -> PhysicalAddress {
    PhysicalAddress(pfn.rawValue << shift)
  }

  /// How far into its page an address lies.
  @inlinable
  public func offset(of address: PhysicalAddress) -> Int {
    Int(address.rawValue & (1 << shift - 1))
  }
}
