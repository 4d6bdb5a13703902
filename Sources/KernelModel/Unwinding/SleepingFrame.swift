/// What `__switch_to_asm` leaves on the stack of a task that it takes from its processor: `struct inactive_task_frame`,
/// arch/x86/include/asm/switch_to.h.
struct SleepingFrame {
  let framePointer: Int
  let returnAddress: Int
  let byteCount: Int
}

extension SleepingFrame {
  init?(_ types: borrowing BTF) {
    guard let bp = types.offset("inactive_task_frame", "bp"),
      let address = types.offset("inactive_task_frame", "ret_addr"),
      let size = types.size("inactive_task_frame")
    else { return nil }
    framePointer = bp
    returnAddress = address
    byteCount = size
  }
}
