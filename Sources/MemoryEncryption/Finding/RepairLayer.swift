public import DumpMemory

/// Low memory as the plan repairs it, for everybody who reads.
public final class RepairLayer: PageLayer, @unchecked Sendable {
  private let transform: PageTransform
  private let region: Range<UInt64>
  private let changed: Set<PFN>
  private let geometry: PageGeometry

  public init(_ plan: RepairPlan, geometry: PageGeometry) {
    transform = PageTransform(plan)
    region = plan.start.rawValue..<plan.start.rawValue + plan.byteCount
    self.geometry = geometry
    var changed: Set<PFN> = []
    let first = geometry.pfn(of: plan.start)
    for (index, action) in plan.actions.enumerated() {
      if case .xor = action { changed.insert(first.advanced(by: index)) }
    }
    self.changed = changed
  }

  public func changes(_ pfn: PFN) -> Bool {
    pfn.rawValue < 256 && changed.contains(pfn)
  }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    // The region begins and ends where the backup did, perhaps inside a page.
    let start = geometry.address(of: pfn).rawValue
    let from = max(region.lowerBound, start)
    let to = min(region.upperBound, start + UInt64(geometry.size))
    guard from < to else { return }
    var bytes = page._mutatingExtracting(Int(from - start)..<Int(to - start))
    _ = transform.apply(to: &bytes, at: PhysicalAddress(from), attribute: .encrypted)
  }
}
