public import DumpMemory
public import KernelModel

/// Reads from the crashed kernel's page tables which pages it had mapped as encrypted.
public struct AttributeWalk: Sendable {
  /// How the direct map maps a physical page.
  public static func attribute(
    of address: PhysicalAddress, directMap: UInt64, _ memory: inout KernelMemory
  ) -> PageAttribute {
    guard let mapping = try? memory.mapping(of: VirtualAddress(directMap &+ address.rawValue)),
      mapping.physical.rawValue &+ (directMap &+ address.rawValue &- mapping.virtual.lowerBound)
        == address.rawValue
    else { return .unknown }
    return mapping.isEncrypted ? .encrypted : .decrypted
  }

  /// Frames of the memory that the dump has (``PhysicalMemory/framesHeld``) which are mapped as decrypted, and those that
  /// no entry of the direct map maps.
  public static func map(
    _ physical: PhysicalMemory, directMap: UInt64, in memory: inout KernelMemory
  ) -> (decrypted: PFNRanges, unmapped: PFNRanges) {
    var decrypted: [Range<PFN>] = []
    var unmapped: [Range<PFN>] = []
    let geometry = physical.geometry
    for range in physical.framesHeld.ranges {
      var pfn = range.lowerBound
      while pfn < range.upperBound {
        let address = VirtualAddress(directMap &+ geometry.address(of: pfn).rawValue)
        let next: PFN
        do throws(VmcoreError) {
          let mapping = try memory.mapping(of: address)
          let left = (mapping.virtual.upperBound &- address.rawValue) >> geometry.shift
          next = min(PFN(pfn.rawValue &+ max(left, 1)), range.upperBound)
          if !mapping.isEncrypted { append(pfn..<next, to: &decrypted) }
        } catch {
          next = min(end(ofUnmapped: address, pfn: pfn, geometry: geometry, error: error), range.upperBound)
          append(pfn..<next, to: &unmapped)
        }
        pfn = next
      }
    }
    let top = physical.frames.maxMapNumber
    return (PFNRanges(decrypted, maxMapNumber: top), PFNRanges(unmapped, maxMapNumber: top))
  }

  /// How far what maps no page maps none: an entry that is not present says so of many.
  private static func end(
    ofUnmapped address: VirtualAddress, pfn: PFN, geometry: PageGeometry, error: VmcoreError
  ) -> PFN {
    var pages: UInt64 = 1
    if case .unmapped(_, let level) = error { pages <<= UInt64(9 * (level - 1)) }
    return PFN(pfn.rawValue &+ (pages - (address.rawValue >> geometry.shift) & (pages - 1)))
  }

  private static func append(_ range: Range<PFN>, to ranges: inout [Range<PFN>]) {
    if let last = ranges.last, last.upperBound == range.lowerBound {
      ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
    } else {
      ranges.append(range)
    }
  }
}
