public import DumpMemory

/// How much of each group of frames is in a dump that was written group by group, and cut.
public struct WrittenGroups: Hashable, Sendable {
  private let sizes: [UInt64]
  private let written: UInt64
  /// Of them, those that could not be read.
  public let unreadable: UInt64

  /// - Parameters:
  ///   - sizes: frames of each group, in the groups' order.
  ///   - written: frames that were written: those of the first groups.
  init(sizes: [UInt64], written: UInt64, unreadable: UInt64) {
    self.sizes = sizes
    self.written = written
    self.unreadable = unreadable
  }

  /// Frames of a group that were to be in the dump.
  public func wanted(_ group: WritePriority.Group) -> UInt64 { sizes[group.rawValue] }

  /// Frames of a group that are in it.
  public func present(_ group: WritePriority.Group) -> UInt64 {
    let before = sizes[..<group.rawValue].reduce(0, +)
    return min(written - min(written, before), sizes[group.rawValue])
  }

  public func has(_ group: WritePriority.Group) -> Bool { present(group) == wanted(group) }
}
