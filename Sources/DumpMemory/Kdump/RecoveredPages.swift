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

  func forEach(_ body: (PFN) -> Void) { for pfn in frames { body(pfn) } }
}
