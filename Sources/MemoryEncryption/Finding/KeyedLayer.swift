public import DumpMemory
public import KernelModel
internal import Platform

/// All of memory as the key brings it back: for emulators and simulators, which know it.
public final class KeyedLayer: PageLayer, @unchecked Sendable {
  private let transform: PageTransform
  private let region: BackupRegion?
  private let decrypted: PFNRanges
  private let unmapped: PFNRanges
  private let view: CaptureView
  private let geometry: PageGeometry
  /// Addresses inside of pages where memory begins or ends: what lies beyond is no memory, and reads as zeros.
  private let holes: [PFN: [Range<UInt64>]]

  /// - Parameters:
  ///   - region: what purgatory moved; nil if nothing.
  ///   - decrypted: frames that the first kernel had mapped without encryption.
  ///   - unmapped: frames of which its page tables say nothing: they are left as they are.
  ///   - loads: the PT_LOADs, whose edges may lie inside of pages.
  public init(
    _ cipher: consuming MemoryCipher, view: CaptureView, region: BackupRegion?, decrypted: PFNRanges,
    unmapped: PFNRanges, geometry: PageGeometry, loads: [ProgramHeader] = []
  ) {
    transform = PageTransform(cipher, view: view, region: region)
    self.region = region
    self.decrypted = decrypted
    self.unmapped = unmapped
    self.view = view
    self.geometry = geometry
    holes = Dictionary(grouping: Self.holes(loads, geometry)) {
      geometry.pfn(of: PhysicalAddress($0.lowerBound))
    }
  }

  private static func holes(_ loads: [ProgramHeader], _ geometry: PageGeometry) -> [Range<UInt64>] {
    let size = UInt64(geometry.size)
    let stretches = loads.compactMap {
      Range(start: $0.physicalAddress.rawValue, byteCount: $0.memorySize)
    }.filter { !$0.isEmpty && $0.upperBound <= UInt64(Int64.max) }.sorted { $0.lowerBound < $1.lowerBound }
    var holes: [Range<UInt64>] = []
    // How far the memory before reaches: two PT_LOADs may share a page, or lie inside of each other.
    var covered: UInt64 = 0
    for (index, stretch) in stretches.enumerated() {
      let before = max(stretch.lowerBound & ~(size - 1), covered)
      if before < stretch.lowerBound { holes.append(before..<stretch.lowerBound) }
      covered = max(covered, stretch.upperBound)
      let next = index + 1 < stretches.count ? stretches[index + 1].lowerBound : .max
      // What the next begins with in the same page it says itself.
      if covered < next, covered & (size - 1) != 0, next >> geometry.shift != covered >> geometry.shift {
        holes.append(covered..<(covered + size - 1) & ~(size - 1))
      }
    }
    return holes
  }

  /// What the table of transforms says of a page, as far as it is the same for all its bytes.
  private func attribute(_ pfn: PFN) -> PageAttribute {
    unmapped.contains(pfn) ? .unknown : decrypted.contains(pfn) ? .decrypted : .encrypted
  }

  public func changes(_ pfn: PFN) -> Bool {
    switch (view, attribute(pfn)) {
    case (_, .unknown), (_, .absent), (.decrypted, .decrypted): return false
    case (.decrypted, .encrypted), (.encrypted, .decrypted): return true
    case (.encrypted, .encrypted):
      guard let region else { return false }
      let start = geometry.address(of: pfn)
      return region.moves(start) || region.moves(start + (geometry.size - 1))
    }
  }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    let start = geometry.address(of: pfn)
    let attribute = attribute(pfn)
    // The backup may begin or end inside the page.
    var from = 0
    while from < geometry.size {
      var to = geometry.size
      if let region {
        for edge in [region.source.rawValue, region.source.rawValue + region.byteCount] {
          let place = Int(clamping: Int64(bitPattern: edge &- start.rawValue))
          if place > from && place < to { to = place & ~15 }
        }
      }
      if to <= from { to = geometry.size }
      var bytes = page._mutatingExtracting(from..<to)
      _ = transform.apply(to: &bytes, at: start + from, attribute: attribute)
      from = to
    }
    for hole in holes[pfn] ?? [] {
      let first = Int(hole.lowerBound - start.rawValue)
      var bytes = page.extractingPart(first..<first + hole.count)
      bytes.zero()
    }
  }
}
