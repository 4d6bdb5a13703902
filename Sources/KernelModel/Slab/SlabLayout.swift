/// Where SLUB keeps what a walk needs: mm/slab.h, mm/slub.c, include/linux/slub_def.h.
///
/// Since 5.17 a slab's words are members of `struct slab`, before of `struct page`; both lie in the same
/// place.
struct SlabLayout {
  /// A number of less than 64 bits inside of an aligned word.
  struct Bits {
    let word: Int
    let shift: UInt64
    let count: UInt64

    func value(in word: UInt64) -> Int { Int(word >> shift & (1 << count - 1)) }
  }

  /// Types that are asked for.
  static let wantedTypes = WantedTypes(structures: ["page", "slab", "kmem_cache", "kmem_cache_cpu"])

  // In the struct page.
  let cache: Int
  let freelist: Int
  let inUse: Bits
  let objects: Bits

  // In struct kmem_cache.
  let size: Int
  let pointerOffset: Int
  let name: Int
  let contentSize: Int
  let zoneEnd: Int
  let flags: Int
  /// Without SLUB_DEBUG there is none.
  let redLeftPad: Int?
  /// With CONFIG_SLAB_FREELIST_HARDENED.
  let random: Int?
  /// Removed in 7.0, with the slabs of processors.
  let processors: Int?

  // In struct kmem_cache_cpu.
  let processorFreelist: Int
  let processorSlab: Int

  /// - Throws: ``KernelError/absent(_:)`` for an allocator other than SLUB.
  init(_ types: borrowing BTF) throws(KernelError) {
    let page = types.size("slab") == nil ? "page" : "slab"
    guard let cache = types.offset(page, "slab_cache"), let freelist = types.offset(page, "freelist"),
      let inUse = Self.bits(types.member(page, path: "inuse")),
      let objects = Self.bits(types.member(page, path: "objects")),
      let size = types.offset("kmem_cache", "size"), let pointerOffset = types.offset("kmem_cache", "offset"),
      let name = types.offset("kmem_cache", "name"),
      let contentSize = types.offset("kmem_cache", "object_size"),
      let zoneEnd = types.offset("kmem_cache", "inuse"), let flags = types.offset("kmem_cache", "flags")
    else { throw .absent("the kernel's types have no SLUB allocator") }
    self.cache = cache
    self.freelist = freelist
    self.inUse = inUse
    self.objects = objects
    self.size = size
    self.pointerOffset = pointerOffset
    self.name = name
    self.contentSize = contentSize
    self.zoneEnd = zoneEnd
    self.flags = flags
    redLeftPad = types.offset("kmem_cache", "red_left_pad")
    random = types.offset("kmem_cache", "random")
    let processorFreelist = types.offset("kmem_cache_cpu", "freelist")
    let processorSlab = types.offset("kmem_cache_cpu", "slab") ?? types.offset("kmem_cache_cpu", "page")
    self.processorFreelist = processorFreelist ?? 0
    self.processorSlab = processorSlab ?? 0
    processors =
      processorFreelist == nil || processorSlab == nil ? nil : types.offset("kmem_cache", "cpu_slab")
  }

  static func bits(_ member: BTF.Member?) -> Bits? {
    // `inuse` has 16 bits, `objects` 15; whole words have 32 at most (before 2.6.31).
    guard let member, let count = member.bitCount ?? member.size.map({ $0 * 8 }), (1...32).contains(count),
      member.bitOffset % 64 + count <= 64
    else { return nil }
    return Bits(
      word: member.bitOffset / 64 * 8, shift: UInt64(member.bitOffset % 64), count: UInt64(count))
  }

  /// How far into the struct page the walk reads.
  var pageBytes: Int { max(cache, freelist, inUse.word, objects.word) + 8 }
}
