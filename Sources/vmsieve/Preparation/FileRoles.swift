internal import DumpMemory
internal import KernelModel
internal import Platform

/// Which files a command line reads and which it writes: what is read must not be written.
struct FileRoles {
  /// Why nothing may be opened, and where that can be said without doing the harm.
  struct Conflict {
    let message: String
    let canTellOnOutput: Bool
    let canTellOnErrors: Bool
  }

  private struct File {
    var name: String
    var identity: FileIdentity
  }

  private let inputs: [File]
  private let outputs: [File]
  private let carriesDump: Bool

  /// - Parameter carriesDump: whether stdout is the dump's.
  init(_ request: Request, carriesDump: Bool) {
    var inputs = Self.files(request.inputs)
    if request.readsStandardInput, let identity = FileIdentity(standard: 0) {
      inputs.append(File(name: "STDIN", identity: identity))
    }
    self.inputs = inputs
    outputs = Self.files(request.outputs)
    self.carriesDump = carriesDump
  }

  private static func files(_ paths: [String]) -> [File] {
    paths.compactMap { path in FileIdentity(path: path).map { File(name: path, identity: $0) } }
  }

  /// The first file that would be both read and written, or written twice; nil if there is none.
  var conflict: Conflict? {
    let streams = harmingStreams
    guard let message = conflictOfFiles ?? streams.first?.message else { return nil }
    return Conflict(
      message: message, canTellOnOutput: !streams.contains { $0.number == 1 },
      canTellOnErrors: !streams.contains { $0.number == 2 })
  }

  private var conflictOfFiles: String? {
    for output in outputs {
      for input in inputs {
        if output.identity.isSame(as: input.identity) {
          return
            "\(input.name) and \(output.name) are the same file, which would be read and written; nothing was touched:"
            + " name another one to write"
        }
        if output.identity.holds(input.identity) {
          return
            "\(output.name) is the device that \(input.name) lies on; nothing was touched: name another one to write"
        }
      }
    }
    for (index, output) in outputs.enumerated() {
      for other in outputs[..<index] where other.identity.isSame(as: output.identity) {
        return
          "\(other.name) and \(output.name) are the same file, which would be written twice; nothing was touched"
      }
    }
    return nil
  }

  /// Of stdout and stderr those that lead to one of the files, and what is to be said of each.
  private var harmingStreams: [(number: Int32, message: String)] {
    [(1 as Int32, "stdout"), (2, "stderr")].compactMap { number, name in
      guard let identity = FileIdentity(standard: number),
        let file = (inputs + outputs).first(where: { $0.identity.isSame(as: identity) })
      else { return nil }
      let isInput = inputs.contains { $0.identity.isSame(as: identity) }
      let what = number == 1 && carriesDump ? "the dump" : "messages"
      let role = isInput ? "which is to be read" : "which is to be the dump"
      return (
        number, "\(name) is \(file.name), \(role): \(what) would be written into it; nothing was touched"
      )
    }
  }
}
