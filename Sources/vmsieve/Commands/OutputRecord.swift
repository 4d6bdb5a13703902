internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import Platform

/// What an output was made of (`--skip-done`): a hash of the vmcore's identity and of the command line, in a note at the end
/// of the file.
struct OutputRecord: Equatable {
  /// What an earlier run left under the name.
  enum Earlier: Equatable {
    case nothing
    /// A file that no such run made.
    case foreign
    /// One that was made otherwise, or is broken; why.
    case unfit(String)
    /// All of what is asked for.
    case done(ExitStatus)
  }

  /// SHA-256, in hexadecimal.
  let hash: String
  private let words: [String]

  /// Bytes of an input's beginning that are hashed: headers and notes, with the crash time and the processors' registers.
  private static let headBytes = 1 << 20

  /// - Parameters:
  ///   - inputs: the vmcore, or the files that it is in.
  ///   - others: files that options name.
  ///   - words: of the command line, but for the names of inputs and outputs.
  init(inputs: [String], others: [String], words: [String]) throws(SystemError) {
    self.words = words
    var digest = SHA256()
    for word in [Program.version] + words {
      let bytes = Array(word.utf8) + [0]
      unsafe digest.update(bytes.span.bytes)
    }
    for path in inputs {
      let file = try FileDescriptor.open(reading: path)
      let size = try file.size()
      let identity = Array("\(size) \(try file.modificationTime())\0".utf8)
      unsafe digest.update(identity.span.bytes)
      try Self.add(file, upTo: min(size, UInt64(Self.headBytes)), to: &digest)
    }
    for path in others {
      let file = try FileDescriptor.open(reading: path)
      try Self.add(file, upTo: try file.size(), to: &digest)
    }
    var bytes: [UInt8] = []
    digest.finish(appendingTo: &bytes)
    hash = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func add(
    _ file: borrowing FileDescriptor, upTo end: UInt64, to digest: inout SHA256
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: 1 << 20)
    var done: UInt64 = 0
    while done < end {
      var bytes = buffer.mutableBytes(in: 0..<Int(min(end - done, UInt64(buffer.byteCount))))
      let count = try file.read(into: &bytes, at: FileOffset(done))
      guard count > 0 else { break }
      digest.update(buffer.bytes.extracting(first: count))
      done += UInt64(count)
    }
  }

  private static func firstLines(_ hash: String, _ status: ExitStatus) -> String {
    "made-of \(hash)\nstatus \(status.rawValue)\n"
  }

  /// Says in a file that it is done. What came of reading that failed is not: another time it may not fail.
  func write(to file: borrowing FileDescriptor, status: ExitStatus) throws(SystemError) {
    guard status == .completed || status == .inputLackedPages else { return }
    let text =
      Self.firstLines(hash, status) + "version \(Program.version)\noptions \(words.joined(separator: " "))\n"
    try EndNote(text).append(to: file)
  }

  /// Looks at what has the name, and reads every page of it if it was made of the same.
  func earlier(at path: String, threads: Int) throws(VmcoreError) -> Earlier {
    guard DumpTarget.exists(path) else { return .nothing }
    let note: EndNote?
    do throws(SystemError) { note = try EndNote(of: try FileDescriptor.open(reading: path)) } catch {
      throw .system(error)
    }
    guard let note, note.text.hasPrefix("made-of ") else { return .foreign }
    guard
      let status = [ExitStatus.completed, .inputLackedPages].first(where: {
        note.text.hasPrefix(Self.firstLines(hash, $0))
      })
    else { return .unfit("was made of another vmcore, with other options or by another version") }
    do throws(VmcoreError) {
      let memory = try PhysicalMemory(opening: path, prefersMapping: true)
      let check = try PageChecker(memory).run(threads: threads) { _, _, _ in }
      guard check.damaged == 0, check.unreadable == 0, status == .inputLackedPages || check.missing == 0,
        memory.noteProblems().isEmpty, try Self.contradictions(memory).isEmpty,
        status == .inputLackedPages || memory.isComplete
      else { return .unfit("is damaged") }
    } catch {
      if error.mayPass { throw error }
      return .unfit("is damaged")
    }
    return .done(status)
  }

  private static func contradictions(_ memory: PhysicalMemory) throws(VmcoreError) -> [String] {
    guard case .pages(let store) = memory.source, let store = store as? KdumpStore else { return [] }
    return store.contradictions(try store.survey())
  }
}
