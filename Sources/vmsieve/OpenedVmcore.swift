internal import Diskdump
internal import Vmcore

/// A vmcore, and the kernel that it is of.
struct OpenedVmcore {
  let memory: PhysicalMemory
  let info: VMCOREINFO?
  let kernel: CrashedKernel?
  /// Why the kernel is not known, in words that follow the vmcore's path; nil if it is.
  let problem: String?

  /// Opens a vmcore and says what it is.
  init(_ options: Options, _ messages: Messages) throws(DumpCommandError) {
    do throws(VmcoreError) {
      memory = try PhysicalMemory(opening: options.vmcore, prefersMapping: options.mapsVmcore)
    } catch { throw DumpCommandError(error.description) }
    info = memory.vmcoreinfo()
    messages.describe(memory, info)
    guard let info else {
      kernel = nil
      problem = "it doesn't contain vmcoreinfo"
      return
    }
    do throws(CrashedKernel.Unknown) {
      kernel = try CrashedKernel(info, of: memory)
      problem = nil
    } catch {
      kernel = nil
      problem = error.description
    }
  }

  /// The kernel, for whom nothing can be done without.
  ///
  /// - Parameter task: what cannot be done, in words that follow the reason.
  func knownKernel(for task: String) throws(DumpCommandError) -> CrashedKernel {
    guard let kernel else { throw DumpCommandError("\(memory.path): \(problem ?? ""), \(task)") }
    return kernel
  }
}
