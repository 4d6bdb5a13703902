public import Diskdump
public import DumpMemory
internal import PageCompression
internal import Platform

/// Puts the files of a split dump together without a look at their pages: the bytes go from file to file, in stretches as
/// long as the parts have them.
public struct PartJoiner: ~Copyable {
  private let set: KdumpSetStore
  private var frames: PFNBitmap
  private let total: UInt64
  private var report = PipelineReport()

  // Pages that wait to be copied together: they lie back to back.
  private var pages: [StoredPage] = []
  private var pfns: [PFN] = []
  private var data: Range<UInt64> = 0..<0

  private static let mostPages = 4096

  /// - Parameter frames: those of all files.
  public init(_ set: KdumpSetStore, frames: consuming PFNBitmap) {
    total = frames.count
    self.set = set
    self.frames = frames
    pages.reserveCapacity(Self.mostPages)
    pfns.reserveCapacity(Self.mostPages)
  }

  /// Writes the whole dump.
  ///
  /// - Throws: the first error that ends it; the writer has abandoned the file then. ``VmcoreError/foreign(path:_:)`` if a part
  ///   has a page of a codec that its header does not name.
  public mutating func run(
    into writer: inout DiskdumpWriter, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) -> PipelineReport {
    do throws(PipelineError) {
      do throws(DumpError) {
        try writer.begin(notes: set.notes, existing: set.frames, dumpable: frames)
      } catch { throw .write(error) }
      report.unreadableNoteBytes = writer.unreadableNoteBytes
      for part in set.parts { try join(part, into: &writer, progress) }
      do throws(DumpError) { try writer.finish(dumpable: frames) } catch { throw .write(error) }
    } catch {
      writer.abandon()
      throw error
    }
    return report
  }

  private mutating func join(
    _ part: KdumpStore, into writer: inout DiskdumpWriter, _ progress: (UInt64, UInt64) -> Void
  ) throws(PipelineError) {
    let dump = part.dump
    let sharesZeros = part.origin.dumpLevel.contains(.zeroPages) && dump.hasZeroPage(at: dump.sharedPage)
    let described: PFNBitmap
    do throws(VmcoreError) { described = try dump.describedFrames() } catch { throw .read(error) }
    var window: ReadAhead
    do throws(SystemError) { window = try ReadAhead(byteCount: 64 << 10) } catch { throw .system(error) }
    var number: UInt64 = 0
    var next = described.next(from: PFN(0))
    while let pfn = next {
      let found: PageDescriptor?
      do throws(SystemError) { found = try dump.descriptor(number, window: &window) } catch {
        throw .read(.unreadable(dump.address(of: pfn), error))
      }
      let page =
        sharesZeros && found.map(dump.isShared) == true ? .zero : try stored(found, of: pfn, in: dump)
      if pages.count == Self.mostPages || !follows(page, found) {
        try flush(dump.file, into: &writer, progress)
      }
      add(page, found, of: pfn)
      number += 1
      next = described.next(from: pfn.advanced(by: 1))
    }
    try flush(dump.file, into: &writer, progress)
  }

  private mutating func stored(
    _ found: PageDescriptor?, of pfn: PFN, in dump: KdumpFile
  ) throws(PipelineError) -> StoredPage {
    let descriptor: PageDescriptor
    do throws(VmcoreError) { descriptor = try dump.stored(found, of: pfn) } catch {
      report.lost.add(pfn, error)
      frames.remove(pfn)
      return .unreadable
    }
    guard let codec = Codec(descriptor.flags), codec == .none || set.status.contains(codec.status) else {
      throw .read(
        .foreign(
          path: dump.file.path,
          "the header does not name the codec of \(dump.address(of: pfn)): join it without --unchecked"))
    }
    return .data(size: descriptor.size, flags: descriptor.flags)
  }

  /// Whether a page's bytes follow those that wait.
  private func follows(_ page: StoredPage, _ descriptor: PageDescriptor?) -> Bool {
    guard case .data = page else { return true }
    return data.isEmpty || descriptor?.offset == data.upperBound
  }

  private mutating func add(_ page: StoredPage, _ descriptor: PageDescriptor?, of pfn: PFN) {
    pages.append(page)
    pfns.append(pfn)
    guard case .data = page, let descriptor else { return }
    data = (data.isEmpty ? descriptor.offset : data.lowerBound)..<descriptor.range.upperBound
  }

  private mutating func flush(
    _ file: InputFile, into writer: inout DiskdumpWriter, _ progress: (UInt64, UInt64) -> Void
  ) throws(PipelineError) {
    do throws(DumpError) {
      try writer.append(copying: data, of: file, pages: pages.span, frames: pfns.span)
    } catch { throw .write(error) }
    report.writtenPages += UInt64(pages.count) - UInt64(pages.count { $0 == .unreadable })
    progress(report.writtenPages + report.lost.count, total)
    data = 0..<0
    pages.removeAll(keepingCapacity: true)
    pfns.removeAll(keepingCapacity: true)
  }
}
