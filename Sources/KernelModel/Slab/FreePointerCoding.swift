public import DumpMemory

/// How SLUB stores the pointer from a free object to the next.
public enum FreePointerCoding: CaseIterable, Sendable {
  /// As it is.
  case plain
  /// `ptr ^ random ^ ptr_addr`: CONFIG_SLAB_FREELIST_HARDENED, Linux 4.14 to 5.6 less their later updates.
  case mixed
  /// `ptr ^ random ^ swab(ptr_addr)`: 5.7, and updates of 5.4 and before.
  case mixedSwapped

  /// Encodes and decodes, which is the same.
  ///
  /// - Parameters:
  ///   - pointer: the pointer, or the word that is stored for it.
  ///   - place: where it is stored (a virtual address).
  ///   - random: `kmem_cache.random`
  public func apply(_ pointer: UInt64, at place: VirtualAddress, random: UInt64) -> UInt64 {
    switch self {
    case .plain: pointer
    case .mixed: pointer ^ random ^ place.rawValue
    case .mixedSwapped: pointer ^ random ^ place.rawValue.byteSwapped
    }
  }
}
