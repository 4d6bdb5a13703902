public import DumpMemory

/// A slab of SLUB, as far as it is known without looking into it: from its `struct page` and its cache.
public struct KernelSlab: Sendable {
  public let frames: Range<PFN>
  /// The physical address of the slab's first byte.
  public let start: PhysicalAddress
  /// The `struct page` (`struct slab`) of the first frame.
  public let page: VirtualAddress
  /// Where the kernel maps physical address 0 (`PAGE_OFFSET`).
  public let directMap: UInt64
  /// The `struct kmem_cache`.
  public let cache: VirtualAddress
  public let cacheName: String
  /// Bytes from one object to the next (`kmem_cache.size`).
  public let objectSize: Int
  /// Bytes of an object that are its user's (`kmem_cache.object_size`).
  public let contentSize: Int
  /// From the beginning of an object to the end of the zone behind what is its user's (`kmem_cache.inuse`).
  public let zoneEnd: Int
  /// Whether free objects are filled with 0x6b (`__OBJECT_POISON`, which SLUB sets where `slub_debug=P` asked for it and the cache
  /// allows it).
  public let poisonsObjects: Bool
  /// Bytes before the first object (`red_left_pad`).
  public let firstObject: Int
  public let objects: Int
  /// Objects that are not on the slab's own free list; those on a processor's count as used.
  public let inUse: Int
  /// From the beginning of an object to its free pointer (`kmem_cache.offset`).
  public let pointerOffset: Int
  /// `kmem_cache.random`, where free pointers are mixed with it.
  public let random: UInt64?
  public let coding: FreePointerCoding
  /// First objects of free lists: the slab's own and those of processors.
  public internal(set) var freelists: [VirtualAddress]

  /// Whether free pointers are mixed with their byte-swapped place (5.7).
  public var swabs: Bool { coding == .mixedSwapped }

  /// Where the kernel sees an object: in the direct map.
  public func object(_ index: Int) -> VirtualAddress {
    VirtualAddress(directMap &+ start.rawValue) + (firstObject + index * objectSize)
  }

  /// Where an object's free pointer is stored.
  public func pointerPlace(_ index: Int) -> VirtualAddress { object(index) + pointerOffset }

  /// Which object begins at an address; nil for any other address.
  public func index(of address: UInt64) -> Int? {
    let distance = address &- object(0).rawValue
    guard distance < UInt64(objects * objectSize), distance % UInt64(objectSize) == 0 else { return nil }
    return Int(distance) / objectSize
  }

  /// Whether a free pointer can have this value: the end of the list, or an object of the slab.
  public func isPossible(_ pointer: UInt64) -> Bool { pointer == 0 || index(of: pointer) != nil }

  /// The word that stands for a free pointer; and the pointer that a word stands for.
  public func coded(_ pointer: UInt64, ofObject index: Int) -> UInt64 {
    coding.apply(pointer, at: pointerPlace(index), random: random ?? 0)
  }
}
