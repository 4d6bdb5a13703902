internal import DumpMemory
internal import Platform

/// The program as makedumpfile's users know it: a command line in, a dump and an exit status out.
enum Main {
  static func run(_ arguments: CommandLineArguments) -> ExitStatus {
    // Before anything is opened.
    StandardStream.occupyClosed()
    Host.turnWriteSignalsIntoErrors()
    let name = Program.nameInMessages(calledAs: arguments.words.first ?? Program.name)
    let verb = Verb.first(of: arguments.words, fileExists: DumpTarget.exists)
    var parser = OptionParser(arguments, verb: verb)
    do throws(CommandLineError) {
      let invocation = try parser.parse(fileExists: DumpTarget.exists)
      let messages = Messages(
        programName: name, level: invocation.messageLevel, leavesOutputAlone: invocation.leavesOutputAlone)
      let status = run(invocation, arguments, messages)
      return answered(status, mayBeRepeated: invocation.request.mayBeRepeated, messages: messages)
    } catch {
      let messages = Messages(
        programName: name, level: parser.options.messageLevel, leavesOutputAlone: parser.options.flattens)
      error.tell(messages, verb: verb)
      if !parser.options.checksOnly, verb == nil { tellEnd(.failed, messages) }
      return .failed
    }
  }

  private static func run(
    _ invocation: Invocation, _ arguments: CommandLineArguments, _ messages: Messages
  ) -> ExitStatus {
    let request = invocation.request
    switch request {
    case .help(let verb):
      let name = messages.programName
      let text = verb.map { Usage.text(of: $0, calledAs: name) } ?? Usage.text(calledAs: name)
      messages.answer(text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) })
      return .completed
    case .version:
      let text = Program.versionText(calledAs: messages.programName)
      messages.answer(text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) })
      return .completed
    case .dump, .log, .rearrange, .reassemble, .generate, .memoryUsage, .verify, .inspect, .repair,
      .bench:
      break
    }
    for line in invocation.warnings { messages.warning(line) }
    if invocation.checksOnly { return .completed }
    if let conflict = FileRoles(request, carriesDump: invocation.leavesOutputAlone).conflict {
      tell(conflict, invocation, messages)
      return .failed
    }
    if !request.isVerb {
      messages.debug(Program.versionLine(calledAs: messages.programName))
      messages.debug("command line: " + arguments.words.joined(separator: " "))
      messages.debug("")
      if !invocation.withoutEffect.isEmpty {
        messages.debug("accepted without effect: " + invocation.withoutEffect.joined(separator: " "))
      }
    }
    let status: ExitStatus
    do throws(CommandFailure) {
      if let words = invocation.wordsOfRecord {
        status = try obeyUnlessDone(request, words: words, messages: messages)
      } else {
        status = try obey(request, messages: messages)
      }
    } catch {
      messages.error(error.message)
      status = error.mayPass && request.mayBeRepeated ? .tryAgain : error.status
    }
    if request.isVerb { return status }
    // After its table makedumpfile says no more.
    if case .memoryUsage = request, status == .completed { return status }
    tellEnd(status, messages)
    return status
  }

  /// What was asked for and could not be written is not there, whatever was found out.
  private static func answered(
    _ status: ExitStatus, mayBeRepeated: Bool, messages: Messages
  ) -> ExitStatus {
    guard let failure = messages.unansweredBecause else { return status }
    // Who reads no further than he likes has seen enough, and knows what he did.
    if failure.code != .brokenPipe { messages.error("\(failure): the answer is not there, or not all of it") }
    if mayBeRepeated, failure.code.mayPass { return .tryAgain }
    return status == .completed ? .failed : status
  }

  /// Says why nothing is done, on a stream that harms no file.
  private static func tell(
    _ conflict: FileRoles.Conflict, _ invocation: Invocation, _ messages: Messages
  ) {
    let carriesDump = invocation.leavesOutputAlone
    if conflict.canTellOnErrors {
      messages.error(conflict.message)
    } else if conflict.canTellOnOutput, !carriesDump {
      Messages(programName: messages.programName, level: messages.level, errors: .output)
        .error(conflict.message)
    }
    let tellsEnd = carriesDump ? conflict.canTellOnErrors : conflict.canTellOnOutput
    if tellsEnd, !invocation.request.isVerb { tellEnd(.failed, messages) }
  }

  /// Does what was asked for, unless an earlier run has (`--skip-done`).
  private static func obeyUnlessDone(
    _ request: Request, words: [String], messages: Messages
  ) throws(CommandFailure) -> ExitStatus {
    let sources = request.sources
    let path = request.outputs[0]
    let record: OutputRecord
    do throws(SystemError) {
      record = try OutputRecord(
        inputs: sources, others: request.inputs.filter { !sources.contains($0) }, words: words)
    } catch { throw CommandFailure(error) }
    let earlier: OutputRecord.Earlier
    do throws(VmcoreError) {
      earlier = try record.earlier(at: path, threads: Host.usableProcessors())
    } catch { throw CommandFailure(error) }
    switch earlier {
    case .nothing, .foreign: return try obey(request.recording(record, replacing: false), messages: messages)
    case .unfit(let reason):
      messages.common("\(path) \(reason): it is made anew.")
      return try obey(request.recording(record, replacing: true), messages: messages)
    case .done(let status):
      messages.common("")
      messages.common(
        "\(path) is done: it was made of the same with the same options, and every page can be read.")
      return status
    }
  }

  /// Does what was asked for; returns how complete it is.
  private static func obey(_ request: Request, messages: Messages) throws(CommandFailure) -> ExitStatus {
    switch request {
    case .verify(let request): return try VerifyCommand(request: request, messages: messages).run()
    case .inspect(let request):
      try InspectCommand(request: request, messages: messages).run()
      return .completed
    case .bench(let request):
      try BenchCommand(request: request, messages: messages).run()
      return .completed
    case .repair(let request): return try RepairCommand(request: request, messages: messages).run()
    case .generate(let request):
      try GenerateCommand.run(request, messages)
      tellResult("The vmcoreinfo is saved to \(request.output).", messages: messages)
      return .completed
    case .memoryUsage(let request):
      try MemoryUsageCommand(request: request, messages: messages).run()
      return .completed
    case .log(let request):
      if let path = request.output { try DumpTarget.check(path, overwriting: request.overwrites) }
      try LogCommand(request: request, messages: messages).run()
      tellResult("The dmesg log is saved to \(request.outputName).", messages: messages)
      return .completed
    case .rearrange(let request):
      try DumpTarget.check(request.output, overwriting: request.overwrites)
      let status = try RearrangeCommand(request: request, messages: messages).run()
      tellResult("The dumpfile is saved to \(request.output).", messages: messages)
      return status
    case .reassemble(let request):
      try DumpTarget.check(request.output, overwriting: request.overwrites)
      let status = try ReassembleCommand(request: request, messages: messages).run()
      tellResult("The dumpfile is saved to \(request.output).", messages: messages)
      return status
    case .dump(let request):
      for path in request.destination.paths { try DumpTarget.check(path, overwriting: request.overwrites) }
      let command = try DumpCommand(request, messages: messages)
      // Also of a dump that failed: the less there is of it, the more it is wanted.
      defer { command.writeReport() }
      let status = try command.run()
      let name = request.destination.name
      tellResult(
        request.isDryRun
          ? "This was a dry run: nothing is saved to \(name)."
          : "The dumpfile\(request.isSplit ? "s are" : " is") saved to \(name).", messages: messages)
      return status
    case .help, .version: return .completed
    }
  }

  private static func tellResult(_ sentence: String, messages: Messages) {
    messages.common("")
    messages.common(sentence)
  }

  private static func tellEnd(_ status: ExitStatus, _ messages: Messages) {
    messages.common("")
    messages.common(
      "\(messages.programName) \(status == .completed || status == .inputLackedPages ? "Completed" : "Failed")."
    )
  }
}
