public import DumpMemory
internal import Platform

/// Overwrites what was asked to be erased, in the pages on their way into a dump.
///
/// It lies above all other layers, and nobody reads the kernel through it.
public final class ErasureLayer: PageLayer, @unchecked Sendable {
  private let erased: ErasedMemory
  private let geometry: PageGeometry

  public init(_ erased: ErasedMemory, geometry: PageGeometry) {
    self.erased = erased
    self.geometry = geometry
  }

  public func changes(_ pfn: PFN) -> Bool {
    let start = geometry.address(of: pfn).rawValue
    let index = erased.first(endingAfter: start)
    return index < erased.runs.count && erased.runs[index].start < start + UInt64(geometry.size)
  }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    let start = geometry.address(of: pfn).rawValue
    let end = start + UInt64(geometry.size)
    var index = erased.first(endingAfter: start)
    while index < erased.runs.count, erased.runs[index].start < end {
      let run = erased.runs[index]
      for address in max(run.start, start)..<min(run.end, end) {
        page.storeBytes(of: run.filling, toByteOffset: Int(address - start), as: UInt8.self)
      }
      index += 1
    }
  }
}
