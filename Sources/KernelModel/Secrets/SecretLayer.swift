public import DumpMemory
internal import Platform

/// Overwrites free objects, and copies of keys wherever they are, in the pages on their way into a dump.
///
/// It lies above ``ErasureLayer``.
public final class SecretLayer: PageLayer, @unchecked Sendable {
  private let freed: FreedObjects
  private let keys: KeyIndex
  private let geometry: PageGeometry
  private let monitor = Monitor()
  /// Copies by the page that they were in; a page may be read more than once. Guarded by ``monitor``.
  private var copies: [PFN: (count: Int, bytes: Int)] = [:]

  init(_ freed: FreedObjects, keys: KeyIndex, geometry: PageGeometry) {
    self.freed = freed
    self.keys = keys
    self.geometry = geometry
  }

  /// Where there are keys to look for, they may be in any page.
  public func changes(_ pfn: PFN) -> Bool { !keys.isEmpty || freed.changes(pfn) }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    freed.apply(to: &page, pfn, geometry)
    if keys.isEmpty { return }
    let found = keys.copies(in: page.bytes)
    if found.isEmpty { return }
    for offset in found.joined() {
      page.storeBytes(of: ErasedMemory.letter, toByteOffset: offset, as: UInt8.self)
    }
    let bytes = found.reduce(0) { $0 + $1.count }
    monitor.locked { copies[pfn] = (found.count, bytes) }
  }

  /// Copies that were overwritten in the pages that were read so far.
  public var copiesFound: (count: Int, bytes: Int) {
    monitor.locked {
      copies.values.reduce((0, 0)) { ($0.0 + $1.count, $0.1 + $1.bytes) }
    }
  }
}
