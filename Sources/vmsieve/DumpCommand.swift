internal import Diskdump
internal import DumpPipeline
internal import PageCompression
internal import Platform
internal import Vmcore

/// Reads the vmcore and writes the dump.
func createDump(options: Options, messages: Messages) throws(DumpCommandError) {
  let command = try DumpCommand(options, messages)
  try command.run()
}

/// One dump: from an open vmcore to a file, with the next dump level when the disk is full.
struct DumpCommand {
  private let options: Options
  private let messages: Messages
  private let memory: PhysicalMemory
  private let info: VMCOREINFO?
  private let kernel: CrashedKernel?

  init(_ options: Options, _ messages: Messages) throws(DumpCommandError) {
    do throws(VmcoreError) {
      let core = try ELFCore(opening: options.vmcore)
      memory = try PhysicalMemory(core, prefersMapping: options.mapsVmcore)
    } catch { throw DumpCommandError(error.description) }
    self.options = options
    self.messages = messages
    info = memory.vmcoreinfo()
    VmcoreDescription.tell(memory, info, to: messages)
    kernel = try Self.kernel(of: memory, info, options, messages)
  }

  private static func kernel(
    of memory: PhysicalMemory, _ info: VMCOREINFO?, _ options: Options, _ messages: Messages
  ) throws(DumpCommandError) -> CrashedKernel? {
    guard let info else {
      let needed = DumpLevel.needingMemoryMap.rawValue
      if options.dumpLevels.contains(where: { Int($0) & needed != 0 }) {
        throw DumpCommandError(
          "\(options.vmcore) doesn't contain vmcoreinfo, without which pages cannot be told apart; use -d 0 or -d 1")
      }
      return nil
    }
    do throws(CrashedKernel.Unknown) {
      return try CrashedKernel(info, loads: memory.core.loads)
    } catch {
      messages.warning("\(options.vmcore): \(error); every page is kept, and the header names no kernel")
      return nil
    }
  }

  /// Makes the dump, at the first level for which there is room.
  func run() throws(DumpCommandError) {
    var levels = options.dumpLevels[...]
    while let level = levels.popFirst() {
      do throws(PipelineError) {
        try dump(DumpLevel(rawValue: Int(level)), replacing: options.overwrites || level != options.dumpLevels[0])
        return
      } catch {
        if case .write(let writeError) = error, writeError.meansNoSpace, let next = levels.first {
          messages.error("\(options.dumpFile): \(error)")
          messages.common("Retry to create a dumpfile by dump_level(\(next)).")
          continue
        }
        throw DumpCommandError(failure(error))
      }
    }
  }

  private func failure(_ error: PipelineError) -> String {
    "\(error)"
  }
}
