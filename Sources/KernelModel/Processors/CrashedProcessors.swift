internal import DumpMemory

/// The processors of the kernel that crashed, and which of them left their registers behind.
///
/// Each processor that a crash stops writes an NT_PRSTATUS note into a place of its own (`crash_notes`,
/// kernel/crash_core.c). The capture kernel hands on those that are there, one behind the other, without a word on whose
/// they are: a missing one shows only in the memory of the kernel that crashed.
public struct CrashedProcessors: Hashable, Sendable {
  /// Those with a note, whose order is that of the notes.
  public let withNotes: [Int]
  /// Those that ran, and did not answer when they were told to stop.
  public let silent: [Int]
  /// Those that were there and not in use.
  public let offline: [Int]

  /// What to ask ``Kernel`` for early.
  public static let symbols = ProcessorAreas.symbols
  static let mostProcessors = ProcessorAreas.most

  /// Looks at each processor's place.
  ///
  /// - Returns: nil where the kernel's symbols are not to be had, and where the vmcore's notes are none that the kernel
  ///   wrote: a hypervisor's dump has its own.
  public init?(_ kernel: Kernel) {
    guard var memory = try? kernel.memory(), let all = ProcessorAreas(kernel, in: &memory),
      all.problem == nil,
      all.areas.allSatisfy({ $0.hasNote != nil })
    else { return nil }
    let withNotes = all.areas.filter { $0.hasNote == true }.map(\.number)
    let others = all.areas.filter { $0.hasNote != true }
    guard withNotes.count == kernel.physical.notes.processorCount, !withNotes.isEmpty else { return nil }
    self.withNotes = withNotes
    silent = others.filter(\.isOnline).map(\.number)
    offline = others.filter { !$0.isOnline }.map(\.number)
  }

  /// Processors in words: `0, 2-4`.
  public static func list(_ processors: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for processor in processors {
      if let last = ranges.last, last.upperBound + 1 == processor {
        ranges[ranges.count - 1] = last.lowerBound...processor
      } else {
        ranges.append(processor...processor)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
