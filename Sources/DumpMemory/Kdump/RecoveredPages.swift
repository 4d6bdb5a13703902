internal import Platform

/// Pages that are not where the dump's descriptors say, or of which these say nothing.
struct RecoveredPages: Sendable {
  private var frames: [PFN] = []
  private var descriptors: [PageDescriptor] = []

  var count: Int { frames.count }
  var isEmpty: Bool { frames.isEmpty }

  /// Adds a page above all others.
  mutating func append(_ pfn: PFN, _ descriptor: PageDescriptor) {
    frames.append(pfn)
    descriptors.append(descriptor)
  }

  func descriptor(of pfn: PFN) -> PageDescriptor? {
    let index = frames.partitionPoint(behind: { $0 >= pfn })
    return index < frames.count && frames[index] == pfn ? descriptors[index] : nil
  }

  /// Takes out pages.
  ///
  /// - Parameter isWrong: called with each, in the order of their frames.
  mutating func remove(where isWrong: (PFN, PageDescriptor) -> Bool) {
    let kept = frames.indices.filter { !isWrong(frames[$0], descriptors[$0]) }
    frames = kept.map { frames[$0] }
    descriptors = kept.map { descriptors[$0] }
  }

  func forEach<Failure: Error>(_ body: (PFN) throws(Failure) -> Void) throws(Failure) {
    for pfn in frames { try body(pfn) }
  }
}
