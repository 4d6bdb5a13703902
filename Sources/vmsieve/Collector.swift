internal import Platform

/// The program as makedumpfile's users know it: a command line in, a dump and an exit status out.
enum Collector {
  static func run(_ arguments: CommandLineArguments) -> ExitStatus {
    Machine.turnWriteSignalsIntoErrors()
    let name = Program.nameInMessages(calledAs: arguments.words.first ?? Program.name)
    if let verb = Verb.first(of: arguments.words, fileExists: DumpTarget.exists) {
      switch verb {
      case .verify: return VerifyCommand.run(arguments, calledAs: name)
      case .repair, .inspect, .bench: break
      }
    }
    var parser = OptionParser(arguments)
    do throws(CommandLineError) {
      let options = try parser.parse(fileExists: DumpTarget.exists)
      let messages = Messages(programName: name, level: options.messageLevel)
      return run(options, arguments, messages)
    } catch {
      let messages = Messages(programName: name, level: parser.options.messageLevel)
      error.tell(messages)
      if !parser.options.checksOnly { tellEnd(.failed, messages) }
      return .failed
    }
  }

  private static func run(_ options: Options, _ arguments: CommandLineArguments, _ messages: Messages)
    -> ExitStatus
  {
    switch options.action {
    case .showHelp:
      messages.answer(Usage.text(calledAs: messages.programName))
      return .completed
    case .showVersion:
      messages.answer(Program.versionText)
      return .completed
    case .createDump:
      break
    }
    if options.checksOnly { return .completed }

    messages.debug(Program.versionLine)
    messages.debug("command line: " + arguments.words.joined(separator: " "))
    messages.debug("")
    if !options.withoutEffect.isEmpty {
      messages.debug("accepted without effect: " + options.withoutEffect.joined(separator: " "))
    }
    let status = dump(options, messages)
    tellEnd(status, messages)
    return status
  }

  private static func dump(_ options: Options, _ messages: Messages) -> ExitStatus {
    do throws(DumpCommandError) {
      try DumpTarget.check(options.dumpFile, overwriting: options.overwrites)
      try createDump(options: options, messages: messages)
    } catch {
      messages.error(error.message)
      return error.status
    }
    messages.common("")
    messages.common(
      options.isDryRun
        ? "This was a dry run: nothing is saved to \(options.dumpFile)."
        : "The dumpfile is saved to \(options.dumpFile).")
    return .completed
  }

  private static func tellEnd(_ status: ExitStatus, _ messages: Messages) {
    messages.common("")
    messages.common("\(messages.programName) \(status == .completed ? "Completed" : "Failed").")
  }
}
