internal import Diskdump
internal import DumpMemory
internal import Platform

extension OutputRecord {
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
