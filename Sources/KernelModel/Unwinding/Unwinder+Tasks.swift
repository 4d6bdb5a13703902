internal import DumpMemory

extension Unwinder {
  /// The stack of a task that no processor runs: it lies where the task's stack pointer says.
  public func trace(
    _ task: KernelTask, of kernel: Kernel, in memory: inout KernelMemory
  ) -> StackTrace {
    guard let types = try? kernel.types(Self.wantedTypes) else {
      return StackTrace(frames: [], end: .lost("there are no types"))
    }
    guard let pointer = task.stackPointer else {
      return StackTrace(frames: [], end: .lost("task_struct has no stack pointer"))
    }
    let size = kernel.stackSize(types.btf)
    guard pointer.rawValue &- task.stack.rawValue < size else {
      return StackTrace(frames: [], end: .lost("its stack pointer \(pointer) does not lie in its stack"))
    }
    if let context = task.context {
      return trace(
        sleeping: pointer, pc: context.pc, framePointer: context.framePointer, &memory)
    }
    guard let frame = SleepingFrame(types.btf) else {
      return StackTrace(frames: [], end: .lost("there is no type inactive_task_frame"))
    }
    return trace(sleeping: pointer, frame: frame, &memory)
  }
}
