internal import Diskdump
internal import Platform
internal import Vmcore

/// `vmsieve verify [--json] DUMP`: whether every page of a dump can be read.
enum VerifyCommand {
  static func run(_ arguments: CommandLineArguments, calledAs name: String) -> ExitStatus {
    let messages = Messages(programName: name, level: .default)
    guard let options = VerifyOptions(arguments.words.dropFirst(2)), arguments.firstUnreadable == nil else {
      messages.common("Commandline parameter is invalid.")
      messages.common("Usage: \(name) verify [--json] DUMP")
      return .failed
    }
    if options.showsHelp {
      messages.answer(VerifyOptions.usage(calledAs: name))
      return .completed
    }
    do throws(VmcoreError) {
      let report = try report(options.dump, messages)
      messages.answer(options.usesJSON ? report.json : report.text)
      return report.isSound ? .completed : .failed
    } catch {
      messages.error(error.description)
      return .failed
    }
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
