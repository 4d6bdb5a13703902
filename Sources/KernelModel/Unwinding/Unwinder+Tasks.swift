internal import DumpMemory

extension Unwinder {
  /// The stack of a task that no processor runs: it lies where `thread.sp` says.
  public func trace(
    _ task: KernelTask, of kernel: Kernel, in memory: inout KernelMemory
  ) -> StackTrace {
    guard let types = try? kernel.types(Self.wantedTypes), let frame = SleepingFrame(types.btf) else {
      return StackTrace(frames: [], end: .lost("there is no type inactive_task_frame"))
    }
    guard let pointer = task.stackPointer else {
      return StackTrace(frames: [], end: .lost("task_struct has no thread.sp"))
    }
    let size = kernel.stackSize(types.btf)
    guard pointer.rawValue &- task.stack.rawValue < size else {
      return StackTrace(frames: [], end: .lost("its stack pointer \(pointer) does not lie in its stack"))
    }
    return trace(sleeping: pointer, frame: frame, &memory)
  }
}
