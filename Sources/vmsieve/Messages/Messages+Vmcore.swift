internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import Platform

extension PipelineReport {
  /// What the making of a dump came to.
  func status(of memory: PhysicalMemory, mayBeRepeated: Bool) -> ExitStatus {
    guard lacksPages(of: memory) else { return .completed }
    return mayBeRepeated && lost.failedReads > 0 ? .tryAgain : .inputLackedPages
  }
}

extension Messages {
  /// Says what the vmcore is: at debug level all of it, and always what is wrong with it.
  ///
  /// VMCOREINFO's lines are indented by two blanks: SUSE's kdump looks for `  OSRELEASE=` and `  CRASHTIME=`.
  func describe(_ memory: PhysicalMemory, _ info: VMCOREINFO?) {
    let path = memory.path
    switch memory.source {
    case .elf:
      debug("\(path): \(memory.formatDescription), \(memory.notes.processorCount) processors")
    case .pages(let store):
      debug("\(path): \(memory.formatDescription)")
      for line in store.headerLines { debug(line) }
    }
    for (index, load) in memory.loads.enumerated() {
      debug(
        "LOAD[\(index)] offset " + String(hexadecimal: load.fileOffset.rawValue) + " paddr "
          + String(hexadecimal: load.physicalAddress.rawValue) + " vaddr "
          + String(hexadecimal: load.virtualAddress.rawValue) + " filesz "
          + String(hexadecimal: load.fileSize) + " memsz " + String(hexadecimal: load.memorySize))
    }
    if let info {
      debug("VMCOREINFO:")
      for line in info.lines { debug("  \(line)") }
    }
    debug("notes: \(memory.notes.byteCount) bytes, \(memory.notes.storedByteCount) of them in large ones")
    debug("max_mapnr : " + String(hexadecimal: memory.frames.maxMapNumber))

    for line in memory.warnings { warning("\(path): \(line)") }
  }

  /// Says whose registers the vmcore lacks.
  func describe(_ processors: CrashedProcessors) {
    if let silence = processors.silence { warning(silence) }
    if let absence = processors.absence { common(absence) }
  }

  /// Says which pages are missing in a dump because they could not be read, or were lost before.
  ///
  /// - Parameter target: what was made; nil for nothing.
  func warn(of report: PipelineReport, _ memory: PhysicalMemory, target: String?) {
    if report.unreadableNoteBytes > 0 {
      warning(
        "\(report.unreadableNoteBytes) bytes of notes, such as device dumps, could not be read and are zeros in the dump"
      )
    }
    if let (pfn, reason) = report.lost.firstFailure {
      warning(
        "\(report.lost.unreadable) pages could not be read and are not in the dump, the first: \(pfn), \(reason)"
      )
    }
    if let pfn = report.lost.firstMissing {
      warning(
        "\(report.lost.missing) pages that belong to the dump are missing in \(memory.path), the first: \(pfn)"
      )
    }
    if let target, report.lacksPages(of: memory) {
      warning("\(memory.path) lacks pages: \(target) lacks them too and is marked incomplete")
    }
  }
}
