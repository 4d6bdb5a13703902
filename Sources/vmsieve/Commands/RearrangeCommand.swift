internal import Diskdump
internal import DumpMemory
internal import Platform

/// Makes a file of a flattened dump that comes from stdin (`-R`).
struct RearrangeCommand {
  let request: RearrangeRequest
  let messages: Messages

  private static let input = "STDIN"

  /// - Returns: whether the dump has all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    var reader = try openReader()
    let target = try makeTarget()
    do throws(DumpError) {
      try reader.copy(into: target.file)
    } catch {
      let reason =
        "\(Self.input): \(error); \(reader.recordCount) records were whole, \(reader.byteCount) bytes in all"
      guard error.leavesPart, request.keepsPartial else {
        throw CommandFailure(
          error.leavesPart ? reason + "; nothing is kept without --keep-partial" : "\(Self.input): \(error)")
      }
      messages.error(reason)
      try keep(reader, target: target)
      return .inputLackedPages
    }
    messages.debug("\(reader.recordCount) records, \(reader.byteCount) bytes")
    let isMarked = isMarked(target.file)
    try commit(target)
    guard isMarked else { return .completed }
    messages.warning("the dump on \(Self.input) is marked incomplete, and so is \(request.output)")
    return .inputLackedPages
  }

  /// Whether what came says itself that it is incomplete; what is no dump says nothing.
  private func isMarked(_ file: borrowing FileDescriptor) -> Bool {
    do throws(VmcoreError) { return try DumpMark.isIncomplete(file) } catch {
      if case .system = error {
        messages.warning("\(request.output): whether it is whole is not known: \(error)")
      }
      return false
    }
  }

  private func openReader() throws(CommandFailure) -> FlattenedStreamReader {
    let stream: FileDescriptor
    do throws(SystemError) {
      stream = try FileDescriptor.duplicate(ofStandard: 0, named: Self.input)
    } catch { throw CommandFailure(error) }
    do throws(DumpError) { return try FlattenedStreamReader(stream) } catch {
      throw CommandFailure("\(Self.input): \(error)")
    }
  }

  private func makeTarget() throws(CommandFailure) -> ReplacementFile {
    do throws(SystemError) {
      return try ReplacementFile(request.output, replacing: request.overwrites)
    } catch { throw CommandFailure(error) }
  }

  private func commit(_ target: consuming ReplacementFile) throws(CommandFailure) {
    do throws(SystemError) { try target.commit() } catch { throw CommandFailure(error) }
  }

  /// Keeps what arrived of a stream, as an incomplete dump.
  private func keep(
    _ reader: borrowing FlattenedStreamReader, target: consuming ReplacementFile
  ) throws(CommandFailure) {
    let kept: UInt64
    let all: UInt64
    do throws(VmcoreError) {
      var partial = PartialDump(target.file, reader: reader)
      try partial.complete(target.file)
      kept = partial.keptPages
      all = partial.pages
    } catch { throw CommandFailure(error, consequence: "; nothing is kept") }
    try commit(target)
    messages.warning("\(request.output) is marked incomplete: it has \(kept) of \(all) pages")
  }
}
