internal import DumpMemory
internal import Platform

/// Puts new pages into a copy of an ELF core.
enum ELFPatcher {
  static func run(
    _ memory: ELFMemory, frames: borrowing PFNBitmap, pages: consuming PagePair,
    file: borrowing FileDescriptor
  ) throws(VmcoreError) -> PatchReport {
    let places = FilePlaces(memory)
    var report = PatchReport()
    do throws(SystemError) {
      var present = try MappedBuffer(byteCount: memory.segments.geometry.size)
      var next = frames.next(from: PFN(0))
      while let pfn = next {
        next = frames.next(from: pfn.advanced(by: 1))
        do throws(VmcoreError) {
          guard try pages.read(pfn) else { continue }
        } catch {
          report.fail(pfn, reason: error)
          continue
        }
        let all = places.places(of: pfn)
        if all.contains(where: { places.isShared($0, of: pfn) }) {
          report.fail(
            pfn,
            reason: .damaged(
              memory.segments.geometry.address(of: pfn),
              reason: "its bytes in the file are those of another address too"))
          continue
        }
        for place in all {
          try replace(place, old: pages.oldBytes, with: pages.newBytes, in: file, present: &present)
        }
        report.changedPages += 1
      }
    } catch { throw .system(error) }
    return report
  }

  /// A second copy of a page that says something else was not what the new bytes were made of, and stays.
  private static func replace(
    _ place: FilePlaces.Place, old: RawSpan, with new: RawSpan, in file: borrowing FileDescriptor,
    present: inout MappedBuffer
  ) throws(SystemError) {
    let count = try read(place, file, into: &present)
    guard present.bytes.extracting(first: count).isEqual(to: old.extracting(place.part)) else { return }
    try file.write(new.extracting(place.part), at: FileOffset(place.fileOffset))
  }

  private static func read(
    _ place: FilePlaces.Place, _ file: borrowing FileDescriptor, into buffer: inout MappedBuffer
  ) throws(SystemError) -> Int {
    var bytes = buffer.mutableBytes(in: 0..<place.part.count)
    return try file.read(into: &bytes, at: FileOffset(place.fileOffset))
  }
}
