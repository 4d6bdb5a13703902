internal import Platform

/// The crashed machine's physical memory, as a dump holds it. Shared by all threads, read through a
/// ``MemoryReader`` of each.
public final class PhysicalMemory: Sendable {
  /// What the memory is read from.
  public enum Source: Sendable {
    case elf(ELFMemory)
    case pages(any PageStore)
  }

  public let source: Source
  /// The file that was opened.
  public let path: String
  /// Bytes of that dump; those of a flattened one as it would be when rearranged.
  public let fileSize: UInt64
  public let geometry: PageGeometry
  /// Every frame that the machine had: the first bitmap.
  public let frames: PFNRanges
  /// NT_PRSTATUS of each processor, VMCOREINFO.
  public let notes: CoreNotes
  /// What changes pages on their way from the file to whoever reads, in this order.
  public let layers: [any PageLayer]

  /// - Parameter prefersMapping: false is `--non-mmap`.
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` if the segments claim addresses that no file of this size
  ///   can be a dump of.
  public init(_ core: consuming ELFCore, prefersMapping: Bool) throws(VmcoreError) {
    let memory = try ELFMemory(core, prefersMapping: prefersMapping)
    source = .elf(memory)
    path = memory.core.file.path
    fileSize = memory.core.fileSize
    geometry = memory.segments.geometry
    frames = memory.segments.frames
    notes = memory.core.notes
    layers = []
  }

  public init(_ store: any PageStore) {
    source = .pages(store)
    path = store.path
    fileSize = store.fileSize
    geometry = store.geometry
    frames = store.frames
    notes = store.notes
    layers = []
  }

  /// The same memory with one more layer above the others, or with other notes, or both.
  public init(_ memory: PhysicalMemory, adding layer: (any PageLayer)? = nil, notes: CoreNotes? = nil) {
    source = memory.source
    path = memory.path
    fileSize = memory.fileSize
    geometry = memory.geometry
    frames = memory.frames
    self.notes = notes ?? memory.notes
    layers = memory.layers + (layer.map { [$0] } ?? [])
  }

  /// Bytes of memory that the dump holds at most, whatever its headers claim.
  public var heldBytes: UInt64 {
    switch source {
    case .elf(let memory):
      memory.core.file.isStored ? memory.core.file.heldSize : frames.count << geometry.shift
    case .pages(let store): store.heldBytes
    }
  }

  /// How many things of a size there can be in the dump: the budget of a walk from one to the next, which in damaged
  /// memory may never come to an end.
  public func most(ofBytes byteCount: Int) -> Int {
    Int(clamping: heldBytes / UInt64(max(byteCount, 1))) + 1024
  }

  /// Whether the dump comes out of a flattened stream.
  public var isFlattened: Bool {
    switch source {
    case .elf(let memory): memory.core.file.isFlattened
    case .pages(let store): store.isFlattened
    }
  }

  /// What was changed in the pages before, a line each: a kdump-compressed dump's eraseinfo, and the notes ERASEINFO that an ELF
  /// dump has, and one that was made of it.
  public var eraseInfo: String {
    let own = origin?.eraseInfo ?? ""
    return own + notes.eraseInfo.text(without: own.split(separator: "\n"))
  }

  /// Whether a layer changes a page on its way from the file.
  public func changes(_ pfn: PFN) -> Bool {
    layers.contains { $0.changes(pfn) }
  }

  /// The machine's frames without those of which a PT_LOAD speaks and the file has nothing; a kdump-compressed dump's are
  /// all that its bitmap has.
  public var framesHeld: PFNRanges {
    switch source {
    case .elf(let memory): frames.subtracting(memory.segments.framesNotInFile)
    case .pages: frames
    }
  }

  /// Every frame of which the dump holds all that it should.
  public func framesInFile() throws(VmcoreError) -> PFNBitmap {
    switch source {
    case .elf(let memory): try memory.framesInFile()
    case .pages(let store): try store.framesInFile()
    }
  }

  /// Every frame of which the dump should hold all that the machine had: those of ``framesInFile()``, and those that
  /// were lost when it was cut.
  public func wantedFrames() throws(VmcoreError) -> PFNBitmap {
    switch source {
    case .elf(let memory):
      var frames = try memory.framesInFile()
      for range in memory.segments.framesCut.ranges { frames.insert(range) }
      return frames
    case .pages(let store): return try store.wantedFrames()
    }
  }

  /// What kind of file it is, in words.
  public var formatDescription: String {
    switch source {
    case .elf: "ELF core of \(fileSize) bytes"
    case .pages(let store): store.formatDescription
    }
  }

  /// The PT_LOADs, where there are any.
  public var loads: [ProgramHeader] {
    switch source {
    case .elf(let memory): memory.core.loads
    case .pages: []
    }
  }

  /// Frames of those PT_LOADs for which the body returns true; none where there are no PT_LOADs.
  public func frames(ofSegments isWanted: (ProgramHeader) -> Bool) -> PFNRanges {
    switch source {
    case .elf(let memory): memory.segments.frames(ofSegments: isWanted)
    case .pages: PFNRanges([], maxMapNumber: frames.maxMapNumber)
    }
  }

  public var machine: MachineKind {
    switch source {
    case .elf(let memory): memory.core.machine
    case .pages(let store): store.machine
    }
  }

  /// Whether ``path`` is all of it, and can be opened again.
  public var isOfOneFile: Bool {
    switch source {
    case .elf: true
    case .pages(let store): store.isOfOneFile
    }
  }

  /// What is wrong with the dump, a line each, in words that follow its path.
  public var warnings: [String] {
    switch source {
    case .elf(let memory):
      memory.core.file.warnings + memory.core.warnings + memory.segments.warnings + notes.warnings
    case .pages(let store): store.warnings + notes.warnings
    }
  }

  /// Whether the dump is all that it was to be, as far as its headers and its size tell.
  public var isComplete: Bool {
    switch source {
    case .elf(let memory):
      memory.core.file.isWhole && memory.segments.bytesPastEndOfFile == 0 && !memory.core.isMarkedIncomplete
        && memory.segments.implausibleSegments.isEmpty && memory.segments.bytesUnbelieved == 0
    case .pages(let store): store.isComplete
    }
  }

  /// Whether pages are missing that belong to the dump: what is made of it lacks them too.
  public var lacksPages: Bool {
    switch source {
    case .elf: !isComplete
    case .pages(let store): store.lacksPages
    }
  }

  /// Whether of all pages that belong to the dump none is in the file: it was cut before the first.
  public var lacksAllPages: Bool {
    switch source {
    case .elf(let memory): memory.segments.framesNotInFile.count == memory.segments.frames.count
    case .pages(let store): store.lacksAllPages
    }
  }

  /// Whether the memory is the dead kernel's own, and not a file's: what cannot be read of it nobody will ever have.
  public var isLive: Bool {
    switch source {
    case .elf(let memory): !memory.core.file.isStored
    case .pages: false
    }
  }

  /// What the headers of an earlier dump say; nil for what came from the kernel.
  public var origin: DumpFacts? {
    switch source {
    case .elf: nil
    case .pages(let store): store.origin
    }
  }
}

extension ELFMemory {
  func framesInFile() throws(VmcoreError) -> PFNBitmap {
    var frames = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: segments.frames.maxMapNumber)
    }
    for range in segments.frames.ranges { frames.insert(range) }
    for range in segments.framesNotInFile.ranges { frames.remove(range) }
    return frames
  }
}

extension ELFCore {
  var warnings: [String] {
    isMarkedIncomplete ? ["the dump is marked incomplete: pages are missing"] : []
  }
}

extension MemorySegments {
  var warnings: [String] {
    var lines: [String] = []
    if bytesPastEndOfFile > 0 {
      lines.append("the file is cut: \(bytesPastEndOfFile) bytes of memory that its headers name are missing")
    }
    if bytesUnbelieved > 0 {
      lines.append(
        "\(bytesUnbelieved) bytes of memory that PT_LOADs claim and that the file does not have are not believed: no kernel"
          + " leaves so little")
    }
    if let load = implausibleSegments.first {
      let count = implausibleSegments.count
      lines.append(
        (count == 1 ? "the PT_LOAD" : "\(count) PT_LOADs are impossible and left out, the first")
          + " at \(load.physicalAddress) with \(load.memorySize) bytes"
          + (count == 1 ? " is impossible and left out" : ""))
    }
    return lines
  }
}
