internal import DumpMemory

/// What a walk needs of one `struct kmem_cache`.
struct SlabCache {
  let address: VirtualAddress
  let name: String
  /// Bytes from one object to the next.
  let size: Int
  /// Bytes of an object that are its user's.
  let contentSize: Int
  /// From the beginning of an object to the end of the zone behind what is its user's.
  let zoneEnd: Int
  let flags: UInt32
  /// From the beginning of an object to its free pointer.
  let pointerOffset: Int
  /// From the beginning of the slab to its first object.
  let redLeftPad: Int
  let random: UInt64?
  /// The per-CPU pointer to `struct kmem_cache_cpu`.
  let processors: UInt64?

  /// SLUB's slabs have at most 2^MAX_PAGE_ORDER pages.
  private static let largestObject = 4 << 20

  /// - Returns: nil if the numbers cannot be those of a cache, or cannot be read.
  init?(at address: VirtualAddress, layout: SlabLayout, in memory: inout KernelMemory) {
    func number(_ offset: Int) -> Int? { (try? memory.word32(address + offset)).map { Int($0) } }
    guard KernelPointer.isPlausible(address.rawValue), let size = number(layout.size),
      let pointerOffset = number(layout.pointerOffset), (8...Self.largestObject).contains(size),
      pointerOffset <= size - 8, pointerOffset % 8 == 0,
      let contentSize = number(layout.contentSize), contentSize <= size,
      let zoneEnd = number(layout.zoneEnd), zoneEnd <= size,
      let flags = try? memory.word32(address + layout.flags),
      let name = try? memory.word(address + layout.name)
    else { return nil }
    var pad = 0
    if let offset = layout.redLeftPad {
      guard let own = number(offset), own < size else { return nil }
      pad = own
    }
    var random: UInt64?
    if let offset = layout.random {
      guard let own = try? memory.word(address + offset) else { return nil }
      random = own
    }
    self.address = address
    self.name = memory.shortText(VirtualAddress(name)) ?? "?"
    self.size = size
    self.contentSize = contentSize
    self.zoneEnd = zoneEnd
    self.flags = flags
    self.pointerOffset = pointerOffset
    self.random = random
    redLeftPad = pad
    processors = layout.processors.flatMap { try? memory.word(address + $0) }
  }
}

extension KernelMemory {
  /// Printable ASCII up to a NUL, at most 64 letters; nil if there is anything else.
  mutating func shortText(_ address: VirtualAddress) -> String? {
    var letters: [UInt8] = []
    for part in 0..<8 {
      guard let word = try? word(address + part * 8) else { return nil }
      for place in 0..<8 {
        let letter = UInt8(truncatingIfNeeded: word >> UInt64(place * 8))
        if letter == 0 { return String(decoding: letters, as: UTF8.self) }
        guard (0x20...0x7e).contains(letter) else { return nil }
        letters.append(letter)
      }
    }
    return nil
  }
}
