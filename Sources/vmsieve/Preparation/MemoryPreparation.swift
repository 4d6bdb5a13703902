internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption

/// Makes a vmcore's memory ready for a command: as the crashed kernel saw it, and then without what is to go.
///
/// A command names the stages that it wants; they run in their one right order.
struct MemoryPreparation {
  /// What can be done to memory, and said of it.
  struct Stages: OptionSet {
    let rawValue: Int

    /// Reads low memory from where it was saved, in a hypervisor's dump of a machine that ran its capture kernel.
    static let redirect = Stages(rawValue: 1)
    /// Undoes what memory encryption did, as far as that can be had.
    static let undoEncryption = Stages(rawValue: 2)
    /// Says what was undone, and fails where that is less than the user requires.
    static let tellOfEncryption = Stages(rawValue: 4)
    /// Answers `--vtop`.
    static let translate = Stages(rawValue: 8)
    /// Clears the encryption bit in page tables (`--sme-strip`).
    static let strip = Stages(rawValue: 16)
    /// Erases what a file names (`--config`).
    static let erase = Stages(rawValue: 32)

    /// What it takes to read memory as the crashed kernel saw it, by the user's policy.
    static func reading(_ request: MemoryRequest) -> Stages {
      request.encryption.policy == .off ? .redirect : [.redirect, .undoEncryption, .tellOfEncryption]
    }
  }

  let opened: OpenedVmcore
  /// In ``memory``; nil where nothing is known of it.
  private(set) var kernel: Kernel?
  /// What is read to learn what memory is: as the crashed kernel saw it.
  private(set) var memory: PhysicalMemory
  /// What is written: the same, but for what is stripped and erased.
  private(set) var output: PhysicalMemory
  /// What was changed, a line each, for whoever reads the dump.
  private(set) var record = ""
  /// What ``Stages/undoEncryption`` found.
  private(set) var repair: Repair?
  /// What ``Stages/erase`` put between memory and dump, which counts what it overwrites; nil where there is nothing to count.
  private(set) var secrets: SecretLayer?
  private let request: MemoryRequest
  private let messages: Messages

  /// Opens the vmcore and says what it is.
  init(_ request: MemoryRequest, messages: Messages) throws(CommandFailure) {
    try self.init(OpenedVmcore(request, messages: messages), request: request, messages: messages)
  }

  /// The same of one that is open.
  init(_ opened: OpenedVmcore, request: MemoryRequest, messages: Messages) throws(CommandFailure) {
    self.opened = opened
    kernel = opened.kernel
    memory = opened.memory
    output = opened.memory
    self.request = request
    self.messages = messages
  }

  /// The kernel, for whom nothing can be done without.
  ///
  /// - Parameter task: what cannot be done, in words that follow the reason.
  func knownKernel(for task: String) throws(CommandFailure) -> Kernel {
    if let kernel { return kernel }
    let reason = opened.reasonForNoInfo.map { "; \($0)" } ?? ""
    throw CommandFailure("\(memory.path): \(opened.problem ?? ""), \(task)\(reason)")
  }

  /// Runs stages on what earlier ones left.
  ///
  /// - Parameter depth: how much ``Stages/undoEncryption`` looks at.
  mutating func run(_ stages: Stages, depth: Investigation.Depth = .onlyWithMask) throws(CommandFailure) {
    if stages.contains(.redirect), let kernel {
      let (saved, line) = try RedirectStage.redirect(kernel, messages: messages)
      take(saved, line)
    }
    // Before anything is filtered: pages of zeros may be noise, and so may page tables.
    if stages.contains(.undoEncryption), let kernel {
      let found = try EncryptionStage.repair(kernel, options: request.encryption, depth: depth)
      repair = found
      take(found.memory, found.record)
    }
    if stages.contains(.tellOfEncryption), let repair {
      try EncryptionStage.tell(repair, request.encryption, messages)
    }
    if stages.contains(.translate), request.translated != 0 { translate() }
    if stages.contains(.strip) {
      let (stripped, line) = try EncryptionStage.strip(
        output, of: kernel, options: request.encryption, messages: messages)
      output = stripped
      record += line
    }
    if stages.contains(.erase) {
      let (erased, line, layer) = try ErasureStage.erase(
        output, of: kernel, path: request.erasureFile, messages: messages)
      secrets = layer
      output = erased
      record += line
    }
  }

  private mutating func take(_ changed: PhysicalMemory, _ line: String) {
    memory = changed
    output = changed
    kernel = kernel?.reading(changed)
    record += line
  }

  private func translate() {
    if let kernel {
      TranslateRequest.answer(request.translated, of: kernel, messages: messages)
    } else {
      messages.warning("--vtop: \(opened.problem ?? "the kernel is not known"), so nothing is translated")
    }
  }
}
