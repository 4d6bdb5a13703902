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
  private let holes: [Range<UInt64>]

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
    holes = Self.holes(loads, geometry)
  }

  private static func holes(_ loads: [ProgramHeader], _ geometry: PageGeometry) -> [Range<UInt64>] {
    let size = UInt64(geometry.size)
    var holes: [Range<UInt64>] = []
    for load in loads where load.memorySize > 0 {
      let start = load.physicalAddress.rawValue
      let (end, overflow) = start.addingReportingOverflow(load.memorySize)
      if overflow || end > UInt64(Int64.max) { continue }
      for hole in [start & ~(size - 1)..<start, end..<(end + size - 1) & ~(size - 1)] where !hole.isEmpty {
        // Two PT_LOADs may share a page.
        let others = loads.contains {
          let first = $0.physicalAddress.rawValue
          return first < hole.upperBound && hole.lowerBound < first &+ $0.memorySize
        }
        if !others { holes.append(hole) }
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
    for hole in holes where hole.lowerBound >> geometry.shift == pfn.rawValue {
      let first = Int(hole.lowerBound - start.rawValue)
      var bytes = page.extractingPart(first..<first + hole.count)
      bytes.zero()
    }
  }
}
