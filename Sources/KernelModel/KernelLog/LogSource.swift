internal import DumpMemory
internal import Platform

/// Reads the kernel's log: numbers, and pieces of text of up to 64 KiB.
struct LogSource: ~Copyable {
  private var memory: KernelMemory
  private var text: MappedBuffer
  /// Bytes of memory that the machine had, as far as the dump can hold them: no buffer is larger.
  let memorySize: UInt64
  /// What holds a log has at least so much.
  private static let leastMemory: UInt64 = 64 << 20

  /// `text_len` has 16 bits.
  static let mostText = 64 << 10

  init(_ kernel: Kernel) throws(KernelError) {
    let memory = try kernel.reader()
    let text = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: Self.mostText)
    }
    self.memory = memory
    self.text = text
    memorySize = min(
      kernel.physical.frames.count << UInt64(kernel.geometry.shift),
      max(kernel.physical.heldBytes, Self.leastMemory))
  }

  /// A little-endian integer of 1, 2, 4 or 8 bytes.
  mutating func number<Value: FixedWidthInteger & UnsignedInteger>(
    _ address: VirtualAddress, as type: Value.Type
  ) throws(KernelError) -> UInt64 {
    // A word at the end of a page may not be there though the number is: the aligned one always is.
    let aligned = VirtualAddress(address.rawValue & ~7)
    let shift = address.rawValue & 7 * 8
    do throws(VmcoreError) {
      let word =
        shift + UInt64(Value.bitWidth) <= 64 ? try memory.word(aligned) >> shift : try memory.word(address)
      return word & UInt64(Value.max)
    } catch { throw .unreadable("the kernel's log", error) }
  }

  /// Hands over a piece of memory.
  mutating func withText(
    _ address: VirtualAddress, byteCount: Int, _ body: (RawSpan) -> Void
  ) throws(KernelError) {
    precondition(byteCount <= Self.mostText)
    do throws(VmcoreError) { try Self.read(address, byteCount: byteCount, from: &memory, into: &text) } catch
    {
      throw .unreadable("the kernel's log", error)
    }
    body(text.bytes.extracting(0..<byteCount))
  }

  private static func read(
    _ address: VirtualAddress, byteCount: Int, from memory: inout KernelMemory,
    into text: inout MappedBuffer
  ) throws(VmcoreError) {
    var piece = text.mutableBytes(in: 0..<byteCount)
    try memory.read(address, into: &piece)
  }
}
