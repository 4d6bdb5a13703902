internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import Platform

extension DumpCommand {
  /// What was written when the writing failed, as far as it is known.
  struct CutDump {
    /// Which file it is; nil for none of its own.
    var identity: FileIdentity?
    /// Whether no page is in it.
    var isEmpty = true
    /// Whether a stream was sent to its end all the same.
    var hasEnd = false
    /// The kernel's pages, if these were written first.
    var groups: WrittenGroups?
    /// Pages that are in it, and that were to be.
    var pages: (written: UInt64, wanted: UInt64) = (0, 0)
    /// Which files of a split dump are whole, which are cut, and which have nothing; nil where none was begun.
    var files: (whole: [String], cut: [String], empty: [String])?
  }

  /// Says what a dump has that was closed at its deadline.
  ///
  /// - Returns: success, as it is what was asked for, unless pages of the kernel are not in it.
  func endInTime(_ cut: CutDump, files: SplitFiles) throws(CommandFailure) -> ExitStatus {
    let seconds = request.deadline ?? 0
    if cut.isEmpty {
      // A stream was closed with its end record, and has nothing else.
      throw CommandFailure(
        "the deadline of \(seconds) s came before the first page"
          + (request.destination.isStream ? "" : consequence(cut, files: files)))
    }
    let sentence =
      "the deadline of \(seconds) s came: \(cut.pages.written) of \(cut.pages.wanted) pages are in"
      + " \(request.destination.name), which is marked incomplete"
      + (cut.groups.map { "; \($0.sentence)" } ?? "")
    if let groups = cut.groups, !groups.has(.foundation) || !groups.has(.kernel) {
      throw CommandFailure(sentence)
    }
    messages.warning(sentence)
    return .completed
  }

  func tellEnd(_ error: PipelineError, _ cut: CutDump) {
    guard case .write(let error) = error, error.meansNoSpace else { return }
    messages.sayFull(request.destination.name, error: error)
    if !request.destination.isStream, !request.isDryRun, !cut.isEmpty { messages.sayIncomplete() }
  }

  /// What an error leaves behind.
  func consequence(_ cut: CutDump, files: SplitFiles) -> String {
    if request.isDryRun { return "" }
    if request.destination.isStream, cut.hasEnd {
      return "; the stream is whole and has its end record, but it may not have come to where it is kept"
    }
    if request.destination.isStream {
      return
        "; the stream has no end record: \(messages.programName) -R --keep-partial DUMPFILE makes a dump of what arrived"
    }
    if request.isSplit { return "; the dump is incomplete" + consequence(files, cut) }
    if cut.isEmpty {
      let isGone = FileDescriptor.remove(request.destination.name, created: cut.identity)
      return
        "; no page was written, and \(request.destination.name) \(isGone ? "is removed" : "is of no use")"
    }
    return "; \(request.destination.name) is marked incomplete: what was written before can be read"
      + (cut.groups.map { "; \($0.sentence)" } ?? "")
  }

  /// nil for a dry run.
  static func identity(of file: borrowing FileDescriptor?) -> FileIdentity? {
    switch file {
    case .some(let file): file.identity
    case .none: nil
    }
  }
}
