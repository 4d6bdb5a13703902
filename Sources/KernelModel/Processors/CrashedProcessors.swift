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
  public static let symbols = [
    "crash_notes", "__per_cpu_offset", "__cpu_online_mask", "__cpu_present_mask", "nr_cpu_ids",
  ]
  /// CONFIG_NR_CPUS of the largest kernels (CONFIG_MAXSMP).
  static let mostProcessors = 8192
  private static let prstatus: UInt64 = 1

  /// Looks at each processor's place.
  ///
  /// - Returns: nil where the kernel's symbols are not to be had, and where the vmcore's notes are none that the kernel
  ///   wrote: a hypervisor's dump has its own.
  public init?(_ kernel: Kernel) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    guard var memory = try? kernel.memory(),
      let notes = symbols.address(of: "crash_notes"),
      let offsets = symbols.address(of: "__per_cpu_offset"),
      let online = symbols.address(of: "__cpu_online_mask"),
      let present = symbols.address(of: "__cpu_present_mask"),
      let number = symbols.address(of: "nr_cpu_ids"),
      let count = try? memory.word32(number), (1...Self.mostProcessors).contains(Int(count)),
      let base = try? memory.word(notes)
    else { return nil }
    var (withNotes, silent, offline): ([Int], [Int], [Int]) = ([], [], [])
    for processor in 0..<Int(count) {
      let word = processor / 64 * 8
      let bit: UInt64 = 1 << UInt64(processor % 64)
      guard let isPresent = try? memory.word(present + word) & bit != 0, isPresent else { continue }
      guard let isOnline = try? memory.word(online + word) & bit != 0,
        let offset = try? memory.word(offsets + processor * 8)
      else { return nil }
      // Elf64_Nhdr: n_namesz of "CORE" and its NUL, n_descsz, n_type.
      let header = VirtualAddress(base &+ offset)
      guard let sizes = try? memory.word(header), let type = try? memory.word(header + 8) else { return nil }
      if sizes & 0xffff_ffff == 5, type & 0xffff_ffff == Self.prstatus {
        withNotes.append(processor)
      } else if isOnline {
        silent.append(processor)
      } else {
        offline.append(processor)
      }
    }
    guard withNotes.count == kernel.physical.notes.processorCount, !withNotes.isEmpty else { return nil }
    self.withNotes = withNotes
    self.silent = silent
    self.offline = offline
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
