internal import DumpMemory
internal import KernelModel

/// The address of `--vtop`: what the kernel's page tables make of it is printed, and the work goes on.
enum TranslateRequest {
  /// Prints the walk from table to table and where it leads, in makedumpfile's lines.
  static func answer(
    _ address: UInt64, of kernel: Kernel, messages: Messages
  ) {
    messages.common("")
    messages.common(
      "Translating virtual address \(String(address, radix: 16)) to physical address.")
    var physicalAddress = nowhere
    do throws(VmcoreError) {
      var memory = try kernel.memory()
      do throws(VmcoreError) {
        let found = try memory.translate(VirtualAddress(address)) { step in
          messages.common(line(step, of: kernel.tables.levels))
        }
        physicalAddress = found.rawValue
      } catch { messages.error("--vtop: \(error)") }
    } catch { messages.error("--vtop: \(error)") }
    messages.common("VIRTUAL           PHYSICAL")
    messages.common(hexadecimal(address) + "  " + String(physicalAddress, radix: 16))
    messages.common("")
  }

  /// What stands for the physical address of a virtual one that has none.
  private static let nowhere = UInt64.max

  private static func line(_ step: PageTables.Step, of levels: Int) -> String {
    let name = step.level == levels ? "PGD" : ["PTE", "PMD", "PUD", "P4D"][step.level - 1]
    return "  \(name) : \(hexadecimal(step.place.rawValue)) => \(hexadecimal(step.entry))"
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    String(number, radix: 16).aligned(toColumns: 16)
  }
}
