internal import Diskdump
internal import Platform
internal import Vmcore

/// `vmsieve verify [--json] DUMP`: whether every page of a dump can be read.
enum VerifyCommand {
  static func run(_ options: Options, _ messages: Messages) throws(DumpCommandError) -> ExitStatus {
    do throws(VmcoreError) {
      let report = try report(options.vmcore, messages)
      messages.answer(options.usesJSON ? report.json.text : report.text)
      return report.isSound ? .completed : .failed
    } catch { throw DumpCommandError(error.description) }
  }

  private static func report(_ path: String, _ messages: Messages) throws(VmcoreError) -> VerifyReport {
    let memory = try PhysicalMemory(opening: path, prefersMapping: true)
    let checker = try PageChecker(memory)
    let progress = Progress(messages)
    progress.begin(.readingPages)
    let pages = try checker.run(threads: Machine.usableProcessors()) { progress.update(done: $0, total: $1) }
    progress.end()
    var survey: DescriptorSurvey?
    if case .pages(let store) = memory.source, let store = store as? KdumpStore {
      survey = try store.survey()
    }
    return VerifyReport(memory, pages, survey)
  }
}
