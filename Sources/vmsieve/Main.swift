internal import Platform

/// The program as makedumpfile's users know it: a command line in, a dump and an exit status out.
enum Main {
  static func run(_ arguments: CommandLineArguments) -> ExitStatus {
    StandardStream.occupyClosed()
    Machine.turnWriteSignalsIntoErrors()
    let name = Program.nameInMessages(calledAs: arguments.words.first ?? Program.name)
    var verb = Verb.first(of: arguments.words, fileExists: DumpTarget.exists)
    if verb?.isAvailable == false { verb = nil }
    var parser = OptionParser(arguments, verb: verb)
    do throws(CommandLineError) {
      let options = try parser.parse(fileExists: DumpTarget.exists)
      let messages = Messages(
        programName: name, level: options.messageLevel, leavesOutputAlone: options.flattens)
      return run(options, arguments, messages)
    } catch {
      let messages = Messages(
        programName: name, level: parser.options.messageLevel, leavesOutputAlone: parser.options.flattens)
      error.tell(messages, verb: verb)
      if !parser.options.checksOnly, verb == nil { tellEnd(.failed, messages) }
      return .failed
    }
  }

  private static func run(_ options: Options, _ arguments: CommandLineArguments, _ messages: Messages)
    -> ExitStatus
  {
    switch options.action {
    case .showHelp:
      let name = messages.programName
      messages.answer(options.verb.map { Usage.text(of: $0, calledAs: name) } ?? Usage.text(calledAs: name))
      return .completed
    case .showVersion:
      messages.answer(Program.versionText(calledAs: messages.programName))
      return .completed
    case .createDump, .obeyVerb, .dumpLog, .rearrange, .reassemble, .generateInfo, .showMemoryUsage:
      break
    }
    for line in options.checksOnly ? options.warningsWhenChecking : options.warnings {
      messages.warning(line)
    }
    if options.checksOnly { return .completed }
    if let conflict = FileRoles(options).conflict {
      tell(conflict, options, messages)
      return .failed
    }
    if options.action == .obeyVerb { return obey(options, messages) }

    messages.debug(Program.versionLine(calledAs: messages.programName))
    messages.debug("command line: " + arguments.words.joined(separator: " "))
    messages.debug("")
    if !options.withoutEffect.isEmpty {
      messages.debug("accepted without effect: " + options.withoutEffect.joined(separator: " "))
    }
    let status: ExitStatus
    do throws(CommandFailure) {
      let (result, workStatus) = try work(options, messages)
      if !result.isEmpty {
        messages.common("")
        messages.common(result)
      }
      status = workStatus
    } catch {
      messages.error(error.message)
      status = error.status
    }
    // After its table makedumpfile says no more.
    if status != .completed || options.action != .showMemoryUsage { tellEnd(status, messages) }
    return status
  }

  /// Says why nothing is done, on a stream that harms no file.
  private static func tell(_ conflict: FileRoles.Conflict, _ options: Options, _ messages: Messages) {
    if conflict.canTellOnErrors {
      messages.error(conflict.message)
    } else if conflict.canTellOnOutput, !options.flattens {
      Messages(programName: messages.programName, level: messages.level, errors: .output)
        .error(conflict.message)
    }
    let tellsEnd = options.flattens ? conflict.canTellOnErrors : conflict.canTellOnOutput
    if tellsEnd, options.action != .obeyVerb { tellEnd(.failed, messages) }
  }

  private static func obey(_ options: Options, _ messages: Messages) -> ExitStatus {
    do throws(CommandFailure) {
      switch options.verb {
      case .verify: return try VerifyCommand.run(options, messages)
      case .inspect: try InspectCommand(options: options, messages: messages).run()
      case .repair: return try RepairCommand(options: options, messages: messages).run()
      case .bench, nil: preconditionFailure("no such verb gets here")
      }
      return .completed
    } catch {
      messages.error(error.message)
      return error.status
    }
  }

  /// Does what was asked for; returns the sentence that says so, and how complete it is.
  private static func work(
    _ options: Options, _ messages: Messages
  ) throws(CommandFailure) -> (sentence: String, status: ExitStatus) {
    var status = ExitStatus.completed
    let sentence: String
    switch options.action {
    case .generateInfo:
      try GenerateCommand.run(options, messages)
      sentence = "The vmcoreinfo is saved to \(options.dumpFile)."
    case .showMemoryUsage:
      try MemoryUsageCommand(options: options, messages: messages).run()
      sentence = ""
    case .dumpLog:
      try checkTargets(options)
      try LogCommand(options: options, messages: messages).run()
      sentence = "The dmesg log is saved to \(options.targetName)."
    case .rearrange:
      try checkTargets(options)
      status = try RearrangeCommand(options: options, messages: messages).run()
      sentence = "The dumpfile is saved to \(options.dumpFile)."
    case .reassemble:
      try checkTargets(options)
      status = try ReassembleCommand(options: options, messages: messages).run()
      sentence = "The dumpfile is saved to \(options.dumpFile)."
    case .createDump, .obeyVerb, .showHelp, .showVersion:
      try checkTargets(options)
      status = try createDump(options: options, messages: messages)
      sentence =
        options.isDryRun
        ? "This was a dry run: nothing is saved to \(options.targetName)."
        : "The dumpfile\(options.splitFiles.isEmpty ? " is" : "s are") saved to \(options.targetName)."
    }
    return (sentence, status)
  }

  private static func checkTargets(_ options: Options) throws(CommandFailure) {
    for path in options.dumpFiles { try DumpTarget.check(path, overwriting: options.overwrites) }
  }

  private static func tellEnd(_ status: ExitStatus, _ messages: Messages) {
    messages.common("")
    messages.common(
      "\(messages.programName) \(status == .completed || status == .inputLackedPages ? "Completed" : "Failed")."
    )
  }
}
