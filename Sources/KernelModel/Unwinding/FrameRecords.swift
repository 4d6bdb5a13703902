internal import DumpMemory

/// Frame records of arm64's procedure call standard: x29 leads to the caller's x29 and x30, and so from frame to frame
/// (arch/arm64/kernel/stacktrace.c).
///
/// The kernel puts a record into each `struct pt_regs` that it saves. Since 6.13 it is zeros there, and a number behind it tells
/// what it is; before, it goes on with what was interrupted, and only the outermost is zeros.
struct FrameRecords {
  /// What a record leads to.
  enum Step {
    case caller(ip: UInt64, framePointer: UInt64, sp: UInt64)
    case interrupted(Registers)
    case end(StackTrace.End)
  }

  /// `pt_regs.stackframe`; nil where types do not tell.
  private let placeInRegisters: Int?
  /// Whether that has a number behind it.
  private let hasKinds: Bool
  /// Bits of a return address that may be a code which authenticates it (KERNELPACMASK).
  private let codeBits: UInt64

  static let structures = ["pt_regs", "frame_record_meta"]
  /// FRAME_META_TYPE_PT_REGS
  private static let interruption: UInt64 = 2

  init(_ kernel: Kernel, _ types: KernelTypes?) {
    placeInRegisters = types.flatMap { $0.btf.offset("pt_regs", "stackframe") }
    hasKinds = types.flatMap { $0.btf.size("frame_record_meta") } != nil
    codeBits = UInt64(bitPattern: kernel.info.number("KERNELPACMASK") ?? 0)
  }

  /// Goes to where a frame returns to.
  func step(from framePointer: UInt64, in memory: inout KernelMemory) throws(VmcoreError) -> Step {
    if framePointer == 0 { return .end(.whole) }
    guard framePointer >> 63 == 1, framePointer & 7 == 0 else {
      return .end(.lost("the frame pointer is 0x\(String(framePointer, radix: 16))"))
    }
    let place = VirtualAddress(framePointer)
    let next = try memory.word(place)
    let link = try memory.word(place + 8)
    if next == 0 && link == 0 { return try stepFromZeros(place, in: &memory) }
    let ip = stripped(link)
    // A record of the kernel's own is followed by the interrupted program's registers in its place.
    if let registers = try? registers(holding: place, &memory), registers.framePointer == next,
      stripped(registers.ip) == ip
    {
      return .interrupted(registers)
    }
    return .caller(ip: ip, framePointer: next, sp: framePointer &+ 16)
  }

  private func stepFromZeros(
    _ place: VirtualAddress, in memory: inout KernelMemory
  ) throws(VmcoreError) -> Step {
    guard let registers = try registers(holding: place, &memory) else { return .end(.whole) }
    if hasKinds, try memory.word(place + 16) == Self.interruption { return .interrupted(registers) }
    // A kernel thread has room for registers, too, in which there is nothing.
    return .end(registers.isOfUser && registers.ip != 0 ? .user(ip: registers.ip) : .whole)
  }

  private func registers(
    holding record: VirtualAddress, _ memory: inout KernelMemory
  ) throws(VmcoreError) -> Registers? {
    guard let placeInRegisters else { return nil }
    return try Registers(at: record + -placeInRegisters, of: .arm64, &memory)
  }

  /// A return address without its code: what all addresses of the kernel have there are ones.
  private func stripped(_ address: UInt64) -> UInt64 {
    address & 1 << 55 != 0 ? address | codeBits : address
  }
}
