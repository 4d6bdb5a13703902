public import DumpMemory

/// A task of the crashed kernel: a process's thread, or one of the kernel's own.
public struct KernelTask: Sendable {
  /// Of the `struct task_struct`.
  public let address: VirtualAddress
  /// `pid`, which is each thread's own.
  public let pid: Int
  /// `tgid`, which users call the process's.
  public let group: Int
  /// `comm`
  public let name: String
  public let state: TaskState
  /// PF_KTHREAD
  public let isOfKernel: Bool
  /// `task_struct.stack`
  let stack: VirtualAddress
  /// Where its stack ended when it last left a processor.
  let stackPointer: VirtualAddress?
  /// What it goes on with, where that is not on its stack; nil on x86_64.
  let context: (framePointer: UInt64, pc: UInt64)?

  private static let kernelThread: UInt64 = 0x0020_0000
  /// TASK_COMM_LEN, with the NUL.
  private static let nameSize = 16

  init(at address: VirtualAddress, layout: TaskLayout, in memory: inout KernelMemory) throws(VmcoreError) {
    self.address = address
    pid = Int(Int32(truncatingIfNeeded: try memory.number(address + layout.pid)))
    group = Int(Int32(truncatingIfNeeded: try memory.number(address + layout.group)))
    name = try memory.printableText(address + layout.name, atMost: Self.nameSize)
    let state = try memory.number(address + layout.state, byteCount: layout.stateSize)
    var exit: UInt64 = 0
    if let place = layout.exitState { exit = try memory.number(address + place) }
    self.state = TaskState(state, exit: exit, isRenumbered: layout.isRenumbered)
    var flags: UInt64 = 0
    if let place = layout.flags { flags = try memory.number(address + place) }
    isOfKernel = flags & Self.kernelThread != 0
    stack = VirtualAddress(try memory.word(address + layout.stack))
    if let place = layout.stackPointer {
      stackPointer = VirtualAddress(try memory.word(address + place))
    } else {
      stackPointer = nil
    }
    if let places = layout.context {
      context = (
        try memory.word(address + places.framePointer), try memory.word(address + places.pc)
      )
    } else {
      context = nil
    }
  }
}
