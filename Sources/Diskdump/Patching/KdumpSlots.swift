internal import DumpMemory
internal import Platform

/// Where a kdump-compressed dump has the pages that are to change, and which of these places are theirs alone.
struct KdumpSlots: Sendable {
  struct Slot: Sendable {
    let pfn: PFN
    /// Of the page's descriptor.
    let number: UInt64
    let descriptor: PageDescriptor
    /// Whether no other page has bytes there: pages of zeros share one place.
    var isOwn = true
  }

  /// In the order of the frames.
  private(set) var slots: [Slot] = []

  /// Looks at every descriptor of the dump.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` for a dump that was cut: what is put at its end would be taken
  ///   for what is missing there.
  init(_ dump: KdumpFile, frames: borrowing PFNBitmap) throws(VmcoreError) {
    let described = try dump.describedFrames()
    var slots: [Slot] = []
    var missing: UInt64 = 0
    var number: UInt64 = 0
    // A set of frames cannot be captured.
    var wanted = frames.next(from: PFN(0))
    var place = described.next(from: PFN(0))
    do throws(SystemError) {
      var window = try ReadAhead(byteCount: 64 << 10)
      while let pfn = place {
        let descriptor = try dump.descriptor(number, window: &window)
        if let descriptor, dump.state(of: descriptor) != .pastEnd {
          if pfn == wanted { slots.append(Slot(pfn: pfn, number: number, descriptor: descriptor)) }
        } else {
          missing += 1
        }
        if pfn == wanted { wanted = frames.next(from: pfn.advanced(by: 1)) }
        number += 1
        place = described.next(from: pfn.advanced(by: 1))
      }
    } catch { throw .system(error) }
    guard missing == 0 else {
      throw .malformed(
        path: dump.file.path, at: FileOffset(dump.file.size),
        "the dump is cut, \(missing) pages are missing, and it cannot be patched; a dump of it (vmsieve OLD NEW) is"
          + " repaired on its way")
    }
    self.slots = slots
    try findShared(dump, described: described)
  }

  /// Places that touch each other are one group; a page from outside of it makes all of it shared.
  private struct Group {
    var start: UInt64
    var end: UInt64
    var members: [Int]
    var isShared = false
  }

  private mutating func findShared(_ dump: KdumpFile, described: borrowing PFNBitmap) throws(VmcoreError) {
    var groups: [Group] = []
    let stored = slots.indices.filter { dump.state(of: slots[$0].descriptor) == .stored }
    for index in stored.sorted(by: { slots[$0].descriptor.offset < slots[$1].descriptor.offset }) {
      let range = slots[index].descriptor.range
      if let last = groups.last, range.lowerBound < last.end {
        groups[groups.count - 1].members.append(index)
        groups[groups.count - 1].end = max(last.end, range.upperBound)
        groups[groups.count - 1].isShared = true
      } else {
        groups.append(Group(start: range.lowerBound, end: range.upperBound, members: [index]))
      }
    }
    guard !groups.isEmpty else { return }
    var next = 0
    let wanted = slots
    try dump.forEachDescriptor(of: described) { pfn, descriptor in
      while next < wanted.count, wanted[next].pfn < pfn { next += 1 }
      if next < wanted.count, wanted[next].pfn == pfn { return }
      guard let descriptor, dump.state(of: descriptor) == .stored else { return }
      var index = groups.partitionPoint(behind: { $0.end > descriptor.offset })
      while index < groups.count, groups[index].start < descriptor.range.upperBound {
        groups[index].isShared = true
        index += 1
      }
    }
    for group in groups where group.isShared {
      for index in group.members { slots[index].isOwn = false }
    }
  }
}
