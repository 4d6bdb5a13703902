/// A byte position in a file; never a physical address, which is what it is most easily mistaken for.
public struct FileOffset: RawRepresentable, Hashable, Comparable, Sendable {
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
  public static func < (left: FileOffset, right: FileOffset) -> Bool {
    left.rawValue < right.rawValue
  }

  @inlinable
  public static func + (offset: FileOffset, distance: Int) -> FileOffset {
    FileOffset(offset.rawValue &+ UInt64(bitPattern: Int64(distance)))
  }

  @inlinable
  public static func += (offset: inout FileOffset, distance: Int) {
    offset = offset + distance
  }
}
