internal import DumpMemory
internal import Platform

/// The frames to dump, handed out in order or group by group, a batch at a time.
///
/// Whoever takes or removes frames must be alone; ``BatchRing`` sees to that.
final class FrameQueue: @unchecked Sendable {
  private var frames: PFNBitmap
  private var next: PFN? = PFN(0)
  /// Where the frames end that are handed out in order.
  private var end: PFN
  /// Which frames come first; nil where all come in order.
  private var order: WritePriority?
  private var group = WritePriority.Group.foundation
  /// How many frames lie below one: each group's are counted from the beginning.
  private var counted: (upTo: PFN, frames: UInt64) = (PFN(0), 0)
  /// Frames that could not be read, where ranks are counted: until the end they count.
  private var lost: PFNBitmap?

  /// The ranges that come one after the other; nil where all frames come in order, or by groups.
  private var sequence: FrameSequence?
  /// How many frames lie below each range; empty where nobody asks for ranks.
  private var ranksOfRanges: [UInt64] = []
  private var range = 0
  private var rank: UInt64 = 0

  init(_ frames: consuming PFNBitmap) {
    end = PFN(frames.maxMapNumber)
    self.frames = frames
  }

  /// Hands out the frames of a range only, in order.
  func restrict(to range: Range<PFN>) {
    next = range.lowerBound
    end = range.upperBound
  }

  /// Hands the frames out group by group.
  func follow(_ order: WritePriority) throws(SystemError) {
    lost = try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    self.order = order
  }

  /// Hands the frames out range by range.
  func follow(_ sequence: FrameSequence, givesRanks: Bool) throws(SystemError) {
    self.sequence = sequence
    next = sequence.ranges.first?.lowerBound
    guard givesRanks else { return }
    lost = try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    ranksOfRanges = sequence.framesBelow(frames)
    rank = ranksOfRanges.first ?? 0
  }

  /// Takes out every frame for which the body returns true; returns how many.
  func removeAll(where body: (PFN) -> Bool) -> UInt64 {
    var removed: UInt64 = 0
    var at = frames.next(from: PFN(0))
    while let pfn = at {
      if body(pfn), frames.remove(pfn) { removed += 1 }
      at = frames.next(from: pfn.advanced(by: 1))
    }
    return removed
  }

  /// Fills a batch with the next frames; returns false when there are none left.
  func fill(_ batch: inout BatchContents) -> Bool {
    batch.removeFrames()
    if let order { return fill(&batch, following: order) }
    if let sequence { return fill(&batch, following: sequence) }
    next = Self.fill(&batch, from: next, to: end, of: frames)
    return !batch.frames.isEmpty
  }

  /// Fills a batch with frames in their order.
  ///
  /// - Returns: where the next batch begins; nil behind the last frame.
  private static func fill(
    _ batch: inout BatchContents, from next: PFN?, to end: PFN, of frames: borrowing PFNBitmap
  ) -> PFN? {
    var next = next
    while batch.frames.count < BatchContents.capacity, let from = next {
      guard let pfn = frames.next(from: from), pfn < end else { return nil }
      batch.add(pfn)
      next = pfn.advanced(by: 1)
    }
    return next
  }

  /// Fills a batch with frames of one group.
  private func fill(_ batch: inout BatchContents, following order: WritePriority) -> Bool {
    while true {
      while batch.frames.count < BatchContents.capacity, let from = next {
        next = order.next(group, from: from, of: frames)
        guard let pfn = next else { break }
        counted = (pfn, counted.frames + frames.count(in: counted.upTo..<pfn))
        batch.add(pfn, rank: counted.frames)
        next = pfn.advanced(by: 1)
      }
      if !batch.frames.isEmpty { return true }
      guard let following = WritePriority.Group(rawValue: group.rawValue + 1) else { return false }
      group = following
      next = PFN(0)
      counted = (PFN(0), 0)
    }
  }

  private func fill(_ batch: inout BatchContents, following sequence: FrameSequence) -> Bool {
    while batch.frames.count < BatchContents.capacity, range < sequence.ranges.count, let from = next {
      if let pfn = frames.next(from: from), pfn < sequence.ranges[range].upperBound {
        if ranksOfRanges.isEmpty {
          batch.add(pfn)
        } else {
          batch.add(pfn, rank: rank)
          rank += 1
        }
        next = pfn.advanced(by: 1)
        continue
      }
      range += 1
      guard range < sequence.ranges.count else { break }
      next = sequence.ranges[range].lowerBound
      if !ranksOfRanges.isEmpty { rank = ranksOfRanges[range] }
    }
    return !batch.frames.isEmpty
  }

  /// Takes frames that could not be read out of the dump. They have been handed out already.
  func remove(_ lost: [PFN]) {
    let isCounted = self.lost != nil
    for pfn in lost {
      if isCounted {
        self.lost?.insert(pfn)
      } else {
        frames.remove(pfn)
      }
    }
  }

  /// Nothing more is handed out: what could not be read leaves the set at last.
  func removeLost() {
    var at = lost?.next(from: PFN(0))
    while let pfn = at {
      frames.remove(pfn)
      at = lost?.next(from: pfn.advanced(by: 1))
    }
  }

  /// How many frames each group has; nil where they come in order.
  func groupSizes() -> [UInt64]? {
    guard let order else { return nil }
    var sizes = [UInt64](repeating: 0, count: WritePriority.Group.allCases.count)
    var at = frames.next(from: PFN(0))
    while let pfn = at {
      sizes[order.group(of: pfn).rawValue] += 1
      at = frames.next(from: pfn.advanced(by: 1))
    }
    return sizes
  }

  /// Lends the frames that the dump holds.
  func withFrames<Result, Failure: Error>(
    _ body: (borrowing PFNBitmap) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(frames)
  }
}
