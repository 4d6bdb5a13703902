internal import CLinux
internal import Vmcore

/// The address of `--vtop`: what the kernel's page tables make of it is printed, and the work goes on.
enum TranslateRequest {
  /// A number as strtoul of base 0 reads it; 0 for what is none, as makedumpfile takes it.
  static func parse(_ text: String) -> UInt64 {
    unsafe UInt64(strtoul(text, nil, 0))
  }

  static func answer(
    _ address: UInt64, _ kernel: CrashedKernel, _ physical: PhysicalMemory, _ messages: Messages
  ) {
    messages.common("")
    messages.common(
      "Translating virtual address \(String(address, radix: 16)) to physical address.")
    do throws(VmcoreError) {
      var memory = try kernel.memory(of: physical)
      do throws(MemoryError) {
        let found = try memory.translate(VirtualAddress(address))
        messages.common("VIRTUAL           PHYSICAL")
        messages.common(
          String(address, radix: 16).aligned(toColumns: 16) + "  " + String(found.rawValue, radix: 16))
      } catch { messages.error("\(error)") }
    } catch { messages.error(error.description) }
    messages.common("")
  }
}
