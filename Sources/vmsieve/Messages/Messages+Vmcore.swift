internal import Platform
internal import Vmcore

extension Messages {
  /// Says what the vmcore is: at debug level all of it, and always what is wrong with it.
  ///
  /// VMCOREINFO's lines are indented by two blanks: SUSE's kdump looks for `  OSRELEASE=` and `  CRASHTIME=`.
  func describe(_ memory: PhysicalMemory, _ info: VMCOREINFO?) {
    let path = memory.core.file.path
    debug("\(path): ELF core of \(memory.core.fileSize) bytes, \(memory.core.notes.processorCount) processors")
    for (index, load) in memory.core.loads.enumerated() {
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
    let segments = memory.segments
    debug("max_mapnr : " + String(hexadecimal: segments.frames.maxMapNumber))

    if segments.bytesPastEndOfFile > 0 {
      warning(
        "\(path) is cut: \(segments.bytesPastEndOfFile) bytes of memory that its headers name are missing")
    }
    for load in segments.implausibleSegments {
      warning(
        "\(path): the PT_LOAD at \(load.physicalAddress) with \(load.memorySize) bytes is impossible and left out")
    }
    let omitted = memory.core.notes.omitted
    if omitted.count > 0 {
      warning("\(path): \(omitted.count) notes of \(omitted.byteCount) bytes are too large to be carried along")
    }
  }
}
