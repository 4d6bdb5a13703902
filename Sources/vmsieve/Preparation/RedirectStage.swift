internal import DumpMemory
internal import KernelModel

/// Reads low memory from where it was saved, in the dump of a machine whose capture kernel has taken it.
enum RedirectStage {
  /// The memory of the kernel that crashed, where a hypervisor dumped the machine after its capture kernel had begun.
  static func redirect(
    _ kernel: Kernel, messages: Messages
  ) throws(CommandFailure) -> (memory: PhysicalMemory, record: String) {
    let memory = kernel.physical
    let finding: SavedLowMemory.Finding
    do throws(KernelError) {
      finding = try SavedLowMemory.find(kernel)
    } catch { throw CommandFailure(error) }
    func warnIfReplaced(_ reason: String) {
      guard kernel.facts.wasReplaced(in: memory) else { return }
      messages.warning(
        "\(memory.path): another kernel than \(kernel.release) was running, and has taken low memory, which stays as it"
          + " is: \(reason)")
    }
    switch finding {
    case .none:
      warnIfReplaced("where it was saved cannot be found")
      return (memory, "")
    case .notUsed(let evidence):
      messages.debug(evidence)
      warnIfReplaced(evidence)
      return (memory, "")
    case .saved(let layer, let evidence):
      messages.debug(evidence)
      messages.common("The capture kernel was running: low memory is read from where it was saved.")
      // The processors' registers are the capture kernel's, and so are the page tables that they name.
      let notes = memory.notes.withoutHypervisorState()
      return (PhysicalMemory(memory, adding: layer, notes: notes), layer.record)
    }
  }
}
