internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption

/// A vmcore, and the kernel that it is of.
struct OpenedVmcore {
  let memory: PhysicalMemory
  let info: VMCOREINFO?
  let kernel: Kernel?
  /// Why the kernel is not known, in words that follow the vmcore's path; nil if it is.
  let problem: String?
  /// What memory looks like where nothing tells of a kernel; nil if it looks like any other.
  var reasonForNoInfo: String? { MemorySurvey(of: memory)?.reasonForNoInfo }

  /// Opens a vmcore and says what it is.
  ///
  /// - Throws: also for one that was cut before its first page: whatever were said of its memory would be wrong.
  init(_ options: Options, _ messages: Messages) throws(CommandFailure) {
    let source: PhysicalMemory
    do throws(VmcoreError) {
      source = try PhysicalMemory(opening: options.vmcore, prefersMapping: options.mapsVmcore)
    } catch { throw CommandFailure(error.description) }
    guard !source.lacksAllPages else {
      throw CommandFailure("\(options.vmcore): it was cut before its first page: there is no memory in it")
    }
    let knowledge = try KernelKnowledge(source, options, messages)
    memory = knowledge.memory
    info = knowledge.info
    kernel = knowledge.kernel
    problem = knowledge.problem
  }
}
