public import DumpMemory
public import Platform

/// A dump in which some pages change, and not one other byte that need not.
///
/// An ELF core gets the new bytes at every place where it has the old ones. A page of a kdump-compressed dump is
/// compressed anew as it was before and put where it was, or, if it needs more room, at the end of the file; pages
/// that the dump does not have stay away.
public struct DumpPatch: ~Copyable {
  private let original: PhysicalMemory
  private let changed: PhysicalMemory
  /// The frames whose pages the layers touch and the dump has.
  private let frames: PFNBitmap

  /// - Parameters:
  ///   - original: the dump as it is; a kdump-compressed one must not come out of a flattened stream.
  ///   - changed: the same, with layers that change pages, and perhaps with other notes; those of a kdump-compressed dump
  ///     may differ in the text of VMCOREINFO only, and not in its length.
  public init(_ original: PhysicalMemory, changed: PhysicalMemory) throws(VmcoreError) {
    if original.isFlattened, case .pages = original.source {
      throw .foreign(
        path: original.path, "a flattened dump cannot be patched; make a file of it first, with -R")
    }
    let inFile = try original.framesInFile()
    var frames = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: original.frames.maxMapNumber)
    }
    var next = inFile.next(from: PFN(0))
    while let pfn = next {
      let following = pfn.advanced(by: 1)
      if changed.changes(pfn) { frames.insert(pfn) }
      next = inFile.next(from: following)
    }
    self.original = original
    self.changed = changed
    self.frames = frames
    framesInFile = inFile.count
  }

  /// Pages that the dump has.
  public let framesInFile: UInt64

  /// Writes the dump with the new pages.
  ///
  /// - Parameters:
  ///   - file: empty, open for reading and writing.
  ///   - record: lines that say what was done, for the erase info of a kdump-compressed dump.
  ///   - progress: of copying, in bytes.
  public func write(
    to file: borrowing FileDescriptor, record: String, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) -> PatchReport {
    let pages: PagePair
    do throws(SystemError) { pages = try PagePair(original, changed: changed) } catch { throw .system(error) }
    switch original.source {
    case .elf(let memory):
      try Self.copy(memory.core.file, to: file, progress)
      let place = original.notes.vmcoreinfoRange.flatMap {
        original.notes.fileOffset(ofByte: $0.lowerBound)
      }
      if original.notes.byteCount == changed.notes.byteCount,
        changed.notes.vmcoreinfoRange == original.notes.vmcoreinfoRange
      {
        try writeNotes(vmcoreinfo: place, to: file)
      } else {
        do throws(SystemError) { try ELFNotes.append(changed.notes, to: file, of: memory.core) } catch {
          throw .system(error)
        }
      }
      let report = try ELFPatcher.run(memory, frames: frames, pages: pages, file: file)
      if !original.isComplete { try trim(file, memory: memory) }
      return report
    case .pages(let store):
      guard let store = store as? KdumpStore else {
        throw .foreign(path: original.path, "a dump in a format that cannot be patched")
      }
      let slots = try KdumpSlots(store.dump, frames: frames)
      try Self.copy(store.dump.file, to: file, progress)
      let vmcoreinfo = store.dump.headers.subHeader.vmcoreinfo
      try writeNotes(vmcoreinfo: vmcoreinfo.isEmpty ? nil : vmcoreinfo.lowerBound, to: file)
      var patcher = KdumpPatcher(store.dump)
      try patcher.run(slots, pages, file)
      try patcher.add(record, to: file)
      if !store.isComplete {
        do throws(SystemError) { try DumpMark.set(on: file, besides: store.dump.headers.header.status) } catch
        {
          throw .system(error)
        }
      }
      return patcher.report
    }
  }

  /// What was cut stays marked, and names nothing that is not there.
  private func trim(_ file: borrowing FileDescriptor, memory: ELFMemory) throws(VmcoreError) {
    let core = try ELFCore(opening: original.path)
    var there = ArrivedRanges()
    if memory.core.file.isFlattened {
      var data = memory.core.file.nextData(in: 0..<core.fileSize)
      while !data.isEmpty {
        there.insert(data)
        data = memory.core.file.nextData(in: data.upperBound..<core.fileSize)
      }
    } else {
      there.insert(0..<core.fileSize)
    }
    var trimmer = ELFTrimmer(core, arrived: there)
    do throws(SystemError) { try trimmer.trim(file) } catch { throw .system(error) }
  }

  /// Writes the text of VMCOREINFO, if it is another one of the same length.
  private func writeNotes(
    vmcoreinfo place: UInt64?, to file: borrowing FileDescriptor
  ) throws(VmcoreError) {
    do throws(SystemError) {
      guard try !original.notes.isEqual(to: changed.notes) else { return }
    } catch { throw .system(error) }
    guard let old = original.notes.vmcoreinfoRange, let place, changed.notes.vmcoreinfoRange == old else {
      throw .foreign(path: original.path, "its notes cannot be changed")
    }
    do throws(SystemError) { try Self.write(changed.notes, part: old, to: file, at: FileOffset(place)) } catch
    {
      throw .system(error)
    }
  }

  private static func write(
    _ notes: CoreNotes, part: Range<Int>, to file: borrowing FileDescriptor, at place: FileOffset
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: part.count)
    // VMCOREINFO is in memory: nothing of it can be missing.
    _ = notes.read(into: &buffer, count: part.count, at: part.lowerBound)
    try file.write(buffer.bytes.extracting(first: part.count), at: place)
  }

  private static func copy(
    _ source: InputFile, to file: borrowing FileDescriptor, _ progress: (UInt64, UInt64) -> Void
  ) throws(VmcoreError) {
    let total = source.size
    do throws(SystemError) { try source.copy(to: file) { progress($0, total) } } catch {
      throw .system(error)
    }
  }

  /// Reads a patched dump as anybody would: it must be of the same machine, and every page that was to change must be
  /// what it was to be, but for those that the report says stayed.
  public func check(_ path: String, _ report: PatchReport) throws(DumpError) {
    let written = try Self.open(path)
    // What the memory goes by may be notes that somebody has added to those of the file.
    let before = try Self.open(original.path)
    let hasSameNotes: Bool
    do throws(SystemError) {
      let notes = try original.notes.isEqual(to: changed.notes) ? before.notes : changed.notes
      hasSameNotes = try written.notes.isEqual(to: notes)
    } catch { throw .failed(error) }
    // The headers of a core that was cut name less than they did.
    let hasSameMemory =
      !original.isComplete
      || (written.frames.ranges == original.frames.ranges && written.loads == original.loads)
    guard hasSameMemory, hasSameNotes
    else {
      throw .miswritten(path: path, "its headers came out otherwise than they were")
    }
    var different: UInt64 = 0
    do throws(SystemError) {
      var pages = try PagePair(written, changed: changed)
      var next = frames.next(from: PFN(0))
      while let pfn = next {
        let isDifferent: Bool
        do throws(VmcoreError) { isDifferent = try pages.read(pfn) } catch { isDifferent = true }
        if isDifferent { different += 1 }
        next = frames.next(from: pfn.advanced(by: 1))
      }
    } catch { throw .failed(error) }
    guard different == report.failedPages else {
      throw .miswritten(
        path: path, "\(different) pages came out otherwise than they were to be")
    }
  }

  private static func open(_ path: String) throws(DumpError) -> PhysicalMemory {
    do throws(VmcoreError) { return try PhysicalMemory(opening: path, prefersMapping: false) } catch {
      throw .unreadable(error)
    }
  }
}
