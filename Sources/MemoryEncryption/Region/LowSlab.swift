public import DumpMemory

/// A SLUB slab that lies in the low region, wholly or in part.
///
/// A free object holds a pointer to the next free one of the same slab, or NULL. Kernels with
/// CONFIG_SLAB_FREELIST_HARDENED (4.14) store it XORed with `kmem_cache.random` and the address it is stored at,
/// byte-swapped since 5.7.
public struct LowSlab: Hashable, Sendable {
  /// Of the slab's first page.
  public var start: PhysicalAddress
  /// All its pages, those above the region as well.
  public var byteCount: UInt64
  /// From one object to the next (`kmem_cache.size`).
  public var objectSize: UInt64
  /// Of the first object, from the start of the slab: `red_left_pad`, else 0.
  public var firstObject: UInt64
  /// Of the free pointer in its object (`kmem_cache.offset`), a multiple of 8.
  public var pointerOffset: UInt64
  /// `kmem_cache.random` where freelists are hardened.
  public var random: UInt64?
  /// Whether the address goes in byte-swapped (5.7).
  public var swabsPointerAddress: Bool
  /// What a direct-map address is above its physical one (`PAGE_OFFSET`, `page_offset_base`).
  public var directMap: UInt64
  /// Bytes of an object that are its user's (`kmem_cache.object_size`); 0, as is
  /// ``zoneEnd``, if they are not known.
  public var contentSize: UInt64 = 0
  /// From the beginning of an object to the end of the zone behind what is its user's (`kmem_cache.inuse`).
  public var zoneEnd: UInt64 = 0
  /// Whether free objects are filled with 0x6b.
  public var poisonsObjects = false
  /// Objects that are free for certain, by their number.
  public private(set) var freeObjects: Set<Int> = []

  public init(
    start: PhysicalAddress, byteCount: UInt64, objectSize: UInt64, firstObject: UInt64 = 0,
    pointerOffset: UInt64, random: UInt64? = nil, swabsPointerAddress: Bool = true, directMap: UInt64
  ) {
    self.start = start
    self.byteCount = byteCount
    self.objectSize = objectSize
    self.firstObject = firstObject
    self.pointerOffset = pointerOffset
    self.random = random
    self.swabsPointerAddress = swabsPointerAddress
    self.directMap = directMap
  }

  /// Objects that fit; the zone in front of one counts as its part (mm/slub.c, `order_objects`).
  public var objectCount: Int { objectSize > 0 ? Int(byteCount / objectSize) : 0 }

  /// Objects that lie wholly or in part in a piece of memory, with the zone in front of them and all that is behind them.
  func objects(at address: PhysicalAddress, _ byteCount: UInt64) -> Range<Int> {
    let (first, end) = (address.rawValue, address.rawValue + byteCount)
    let count = objectCount
    guard count > 0, start.rawValue < end, first < start.rawValue + UInt64(count) * objectSize else {
      return 0..<0
    }
    let lower = max(first, start.rawValue) - start.rawValue
    let upper = end - start.rawValue
    return Int(lower / objectSize)..<min(Int((upper + objectSize - 1) / objectSize), count)
  }

  /// Says which objects are free for certain: those that the kernel's free lists begin with, and all where none is in use.
  ///
  /// - Parameters:
  ///   - lists: the first objects of the slab's own list and of processors', which is empty for a list without any.
  ///   - inUse: objects that are not on the slab's own list (`slab.inuse`). Those on a processor's count, so that a slab with
  ///     such a list and none in use was seen while it changed; so was one without any list: it is being made, and not
  ///     filled yet (mm/slub.c, `allocate_slab`).
  public mutating func setFree(lists: [Int], inUse: Int) {
    freeObjects = Set(inUse == 0 && lists.count == 1 ? Array(0..<objectCount) : lists)
  }

  /// The physical address of an object.
  func address(of index: Int) -> UInt64 { start.rawValue + firstObject + UInt64(index) * objectSize }

  /// The physical address of an object's free pointer.
  func slot(_ index: Int) -> UInt64 {
    address(of: index) + pointerOffset
  }

  /// Words of the red zone in front of an object, by its physical address; there are none without `slub_debug=Z`.
  func zone(before object: UInt64) -> StrideTo<UInt64> {
    stride(from: object - firstObject, to: object, by: 8)
  }

  /// Words of what lies between an object's content and the end of it: with `slub_debug=Z`, its other red zone.
  func zone(behind object: UInt64) -> StrideTo<UInt64> {
    stride(from: object + (contentSize + 7) & ~7, to: object + zoneEnd & ~7, by: 8)
  }

  /// The direct-map address of an object.
  func pointer(to index: Int) -> UInt64 {
    directMap &+ start.rawValue &+ firstObject &+ UInt64(index) &* objectSize
  }

  /// What a slot holds when it points to `pointer`, and what it points to when it holds `pointer`.
  func coded(_ pointer: UInt64, slot: UInt64) -> UInt64 {
    guard let random else { return pointer }
    let address = directMap &+ slot
    return pointer ^ random ^ (swabsPointerAddress ? address.byteSwapped : address)
  }

  /// The object that a pointer points to; nil if it is no pointer to an object of this slab.
  func object(at pointer: UInt64) -> Int? {
    let offset = pointer &- directMap &- start.rawValue &- firstObject
    guard objectSize > 0, offset < byteCount, offset % objectSize == 0 else { return nil }
    let index = Int(offset / objectSize)
    return index < objectCount ? index : nil
  }
}
