internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import Platform

/// `vmsieve verify [--json] DUMP ..`: whether every page of a dump can be read.
enum VerifyCommand {
  static func run(_ request: VerifyRequest, _ messages: Messages) throws(CommandFailure) -> ExitStatus {
    do throws(VmcoreError) {
      let report = try report(request.dumps, messages)
      messages.answer(request.usesJSON ? report.json.text : report.text)
      return report.isSound ? .completed : .failed
    } catch { throw CommandFailure(error.description) }
  }

  private static func report(_ paths: [String], _ messages: Messages) throws(VmcoreError) -> VerifyReport {
    let memory: PhysicalMemory
    if paths.count == 1 {
      memory = try PhysicalMemory(opening: paths[0], prefersMapping: true)
    } else {
      memory = PhysicalMemory(try KdumpSetStore(opening: paths))
    }
    let checker = try PageChecker(memory)
    let progress = Progress(messages)
    progress.begin(.readingPages)
    let pages = try checker.run(threads: Host.usableProcessors()) { progress.update(done: $0, total: $1) }
    progress.end()
    var survey: DescriptorSurvey?
    if case .pages(let store) = memory.source, let store = store as? KdumpStore {
      survey = try store.survey()
    }
    return VerifyReport(memory, pages, survey, processors(of: memory))
  }

  /// Nil where the kernel and its symbols are not to be had, as of a dump whose memory is encrypted.
  private static func processors(of memory: PhysicalMemory) -> CrashedProcessors? {
    guard let info = memory.vmcoreinfo(), let kernel = try? Kernel(info, of: memory) else {
      return nil
    }
    return CrashedProcessors(kernel)
  }
}
