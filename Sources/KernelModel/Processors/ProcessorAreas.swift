internal import DumpMemory

/// The processors that the crashed kernel had, and where each has its own variables.
public struct ProcessorAreas: Sendable {
  public struct Area: Sendable {
    public let number: Int
    /// Whether it was in use (`__cpu_online_mask`).
    public let isOnline: Bool
    /// What is added to the address of a per-CPU variable (`__per_cpu_offset`).
    let offset: UInt64
    /// Where the processor leaves its registers (`crash_notes`); nil where nobody says.
    let note: VirtualAddress?
    /// Whether it did; nil where that cannot be read.
    public let hasNote: Bool?

    /// Where the processor's own variable lies.
    func address(of variable: VirtualAddress) -> VirtualAddress {
      VirtualAddress(variable.rawValue &+ offset)
    }
  }

  /// Those that were present, in the order of their numbers.
  public let areas: [Area]
  /// Why some are missing; nil where none is.
  public let problem: String?

  /// What to ask ``Kernel`` for early.
  public static let symbols = [
    "crash_notes", "__per_cpu_offset", "__cpu_online_mask", "__cpu_present_mask", "nr_cpu_ids",
  ]
  /// CONFIG_NR_CPUS of the largest kernels (CONFIG_MAXSMP).
  static let most = 8192
  private static let prstatus: UInt64 = 1

  /// - Returns: nil where the kernel's symbols are not to be had.
  public init?(_ kernel: Kernel, in memory: inout KernelMemory) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    guard let offsets = symbols.address(of: "__per_cpu_offset"),
      let online = symbols.address(of: "__cpu_online_mask"),
      let present = symbols.address(of: "__cpu_present_mask"), let number = symbols.address(of: "nr_cpu_ids"),
      let count = try? memory.word32(number), (1...Self.most).contains(Int(count))
    else { return nil }
    let notes = symbols.address(of: "crash_notes").flatMap { try? memory.word($0) }
    var areas: [Area] = []
    var problem: String?
    for processor in 0..<Int(count) {
      let word = processor / 64 * 8
      let bit: UInt64 = 1 << UInt64(processor % 64)
      do throws(VmcoreError) {
        guard try memory.word(present + word) & bit != 0 else { continue }
        let isOnline = try memory.word(online + word) & bit != 0
        let offset = try memory.word(offsets + processor * 8)
        let note = notes.map { VirtualAddress($0 &+ offset) }
        areas.append(
          Area(
            number: processor, isOnline: isOnline, offset: offset, note: note,
            hasNote: note.flatMap { Self.holdsStatus($0, in: &memory) }))
      } catch { problem = problem ?? "processor \(processor): \(error)" }
    }
    self.areas = areas
    self.problem = problem
  }

  /// What is added to the addresses of per-CPU variables, processor by processor.
  ///
  /// Where the masks are not to be had, as before Linux 4.5, those of as many processors as left notes.
  static func offsets(of kernel: Kernel, in memory: inout KernelMemory) -> [UInt64] {
    if let areas = ProcessorAreas(kernel, in: &memory)?.areas, !areas.isEmpty { return areas.map(\.offset) }
    guard let offsets = kernel.symbolsAtHand(symbols).address(of: "__per_cpu_offset") else { return [] }
    var found: [UInt64] = []
    for processor in 0..<min(max(kernel.physical.notes.processorCount, 1), most) {
      guard let offset = try? memory.word(offsets + processor * 8) else { break }
      found.append(offset)
    }
    return found
  }

  /// Elf64_Nhdr: n_namesz of "CORE" and its NUL, n_descsz, n_type.
  private static func holdsStatus(_ header: VirtualAddress, in memory: inout KernelMemory) -> Bool? {
    guard let sizes = try? memory.word(header), let type = try? memory.word(header + 8) else { return nil }
    return sizes & 0xffff_ffff == 5 && type & 0xffff_ffff == prstatus
  }
}
