public import DumpMemory

/// Where purgatory copied low memory to before the capture kernel took its place.
public struct BackupRegion: Hashable, Sendable {
  /// The first address that was copied.
  public let source: PhysicalAddress
  public let byteCount: UInt64
  /// Where that address went; the rest follows in order.
  public let backup: PhysicalAddress

  public init(source: PhysicalAddress, byteCount: UInt64, backup: PhysicalAddress) {
    self.source = source
    self.byteCount = byteCount
    self.backup = backup
  }

  /// Where the capture kernel really reads an address of the first kernel: inside the backup if it was copied.
  @inlinable
  public func readAddress(of address: PhysicalAddress) -> PhysicalAddress {
    guard moves(address) else { return address }
    return PhysicalAddress(backup.rawValue &+ (address.rawValue - source.rawValue))
  }

  /// Whether the address was copied.
  @inlinable
  public func moves(_ address: PhysicalAddress) -> Bool {
    address.rawValue >= source.rawValue && address.rawValue - source.rawValue < byteCount
  }
}
