public import DumpMemory
internal import Platform

/// The frames that some processes had mapped when the kernel crashed, found by walking their page tables.
///
/// The processes are those of `init_task.tasks` whose main thread has one of the names. What they had in the swap is
/// not in memory; what they share with others is theirs too.
public final class ProcessFrames: @unchecked Sendable {
  /// Processes whose tables were walked.
  public let processes: Int
  /// Names that no process had.
  public let missing: [String]
  /// Tables that the dump does not hold, or that make no sense.
  public let unreachable: Int
  private let frames: PFNBitmap

  private static let symbols = ["init_task"] + KernelTypes.symbols
  private static let wantedTypes = WantedTypes(structures: ["task_struct", "mm_struct"])
  /// PID_MAX_LIMIT of 64-bit kernels.
  private static let mostProcesses = 1 << 22
  /// A `struct task_struct` is larger.
  private static let leastTask = 1024
  /// TASK_COMM_LEN, with the NUL.
  private static let nameSize = 16

  /// - Parameter names: as `ps -o comm` shows them; the kernel keeps 15 bytes of a name.
  /// - Throws: ``KernelError`` if the list of processes cannot be found or breaks off.
  public init(
    named names: [String], _ kernel: Kernel
  ) throws(KernelError) {
    var memory = try kernel.reader()
    var walk = try KernelError.wrapping { () throws(SystemError) in try UserPages(kernel) }
    let symbols = try kernel.symbols(Self.symbols)
    let types = try kernel.types(Self.wantedTypes)
    guard let start = symbols.address(of: "init_task") else { throw .absent("there is no symbol init_task") }
    guard let tasks = types.btf.offset("task_struct", "tasks"),
      let comm = types.btf.offset("task_struct", "comm"),
      let mm = types.btf.offset("task_struct", "mm"), let pgd = types.btf.offset("mm_struct", "pgd")
    else { throw .absent("there are no types task_struct and mm_struct with tasks, comm, mm and pgd") }

    let wanted = names.map { Array($0.utf8.prefix(Self.nameSize - 1)) }
    var seen = [Bool](repeating: false, count: names.count)
    var spaces: Set<UInt64> = []
    var processes = 0
    var task = start
    for _ in 0..<min(Self.mostProcesses, kernel.physical.most(ofBytes: Self.leastTask)) {
      do throws(VmcoreError) {
        let name = try Self.name(task + comm, in: &memory)
        for index in wanted.indices where wanted[index] == name {
          seen[index] = true
          // Kernel threads have no memory of their own.
          let space = try memory.word(task + mm)
          if space == 0 || !spaces.insert(space).inserted { continue }
          processes += 1
          walk.add(try memory.translate(VirtualAddress(try memory.word(VirtualAddress(space) + pgd))))
        }
        task = VirtualAddress(try memory.word(task + tasks)) + -tasks
      } catch { throw .unreadable("the list of processes", error) }
      if task == start { break }
    }
    guard task == start else { throw .malformed("the list of processes does not end") }
    self.processes = processes
    missing = names.indices.filter { !seen[$0] }.map { names[$0] }
    unreachable = walk.unreachable
    frames = walk.takeFrames()
  }

  /// Frames that are mapped.
  public var count: UInt64 { frames.count }

  public func contains(_ pfn: PFN) -> Bool { frames.contains(pfn) }

  /// The first of the frames at or after a frame.
  func next(from pfn: PFN) -> PFN? { frames.next(from: pfn) }

  private static func name(
    _ address: VirtualAddress, in memory: inout KernelMemory
  ) throws(VmcoreError) -> [UInt8] {
    var name: [UInt8] = []
    for index in 0..<nameSize {
      let byte = try memory.byte(address + index)
      if byte == 0 { break }
      name.append(byte)
    }
    return name
  }
}
