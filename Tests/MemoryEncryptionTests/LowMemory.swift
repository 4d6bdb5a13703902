import DumpFixtures

@testable import MemoryEncryption

/// What the first kernel had in its low memory: the layout and the content of a Linux 6.1 whose DMA zone was in use,
/// 0x1000 to 0x9fbff, built anew from a seed.
struct LowMemory {
  static let start: UInt64 = 0x1000
  static let byteCount = 0x9ec00
  static let directMap: UInt64 = 0xffff_8ae4_0000_0000
  /// The real-mode trampoline, the only low memory that kernels of that time mapped decrypted.
  static let trampoline: Set<UInt64> = [0x98000, 0x99000, 0x9a000, 0x9b000, 0x9c000, 0x9d000]

  /// A direct map of 1 GiB, and an image of 32 MiB.
  static let pointerTargets: [Range<UInt64>] = [
    directMap..<directMap + 0x4000_0000, 0xffff_ffff_92e0_0000..<0xffff_ffff_94e0_0000,
  ]

  private(set) var bytes = [UInt8](repeating: 0, count: LowMemory.byteCount)
  private(set) var slabs: [LowSlab] = []

  static var pages: [UInt64] {
    Array(stride(from: start, to: start + UInt64(byteCount), by: 4096))
  }

  /// - Parameter random: of the hardened freelists; nil if they are not.
  init(seed: UInt64, random hardening: UInt64? = 0x1f3c_99d2_7e55_a0b7, hasSlabs: Bool = true) {
    var random = SeededGenerator(seed: seed)
    // The end of the boot loader's page: some words, mostly of small numbers.
    for index in 0..<122 { put(random.below(0x10_0000), at: 0x6000 + UInt64(index) * 8) }
    put(LowMemory.directMap + 0x3ffd_0000, at: 0x6100)
    if hasSlabs {
      for page in UInt64(0x10)...0x2d {
        addSlab(at: page << 12, objectSize: 512, pointerOffset: 256, hardening, &random)
      }
      for page in UInt64(0x44)...0x46 {
        addSlab(at: page << 12, objectSize: 64, pointerOffset: 32, hardening, &random)
      }
    }
    // A page table of a direct map, a file's compressed data, a log.
    for index in UInt64(0)..<40 {
      put(0x8000_0000_0000_0163 | 0x3000_0000 + index << 12, at: 0x50000 + index * 8)
    }
    for index in UInt64(0)..<512 { put(random.next(), at: 0x60000 + index * 8) }
    let text = "[    0.123456] usb 1-1: new full-speed USB device number 2 using uhci_hcd, bus 0\n"
    for index in 0..<2000 {
      bytes[0x61000 - 0x1000 + index] = Array(text.utf8)[index % text.utf8.count]
    }
    // Code and tables of the trampoline; then per-CPU odds and ends with kernel addresses.
    for index in UInt64(0)..<512 {
      put(random.next() & 0x3fff_ffff | 0x668d_4c24 << 32, at: 0x99000 + index * 8)
    }
    for page in [UInt64(0x98), 0x9a, 0x9b, 0x9c, 0x9d] {
      for index in UInt64(0)..<24 { put(random.below(0x9_0000), at: page << 12 + index * 16) }
    }
    for index in UInt64(0)..<33 {
      put(0xffff_ffff_92e0_0000 + random.below(0x100_0000), at: 0x9e000 + index * 24)
    }
  }

  /// Zero pages full of PAGE_POISON from 0x30000 on, where memory is free; those below are reserved, and stay.
  mutating func poisonFreePages() {
    for page in stride(from: UInt64(0x30000), to: 0x98000, by: 4096) {
      let first = Int(page - LowMemory.start)
      guard bytes[first..<first + 4096].allSatisfy({ $0 == 0 }) else { continue }
      fill(pageAt: page) { 0xaa }
    }
  }

  /// A slab of slub_debug=P, or of FZPU with its red zones and its owners' tracks: objects of 512 bytes, the free pointer
  /// behind them (mm/slub.c, "Object layout").
  mutating func addDebugSlab(at start: UInt64, isFull: Bool, hardening: UInt64?, seed: UInt64) {
    var random = SeededGenerator(seed: seed ^ start)
    let zone: UInt64 = isFull ? 64 : 0
    let pointerOffset: UInt64 = isFull ? 520 : 512
    let objectSize: UInt64 = isFull ? 704 : 528
    var slab = LowSlab(
      start: .init(start), byteCount: 4096, objectSize: objectSize, firstObject: zone,
      pointerOffset: pointerOffset, random: hardening, directMap: LowMemory.directMap)
    var free = (0..<UInt64(slab.objectCount)).filter { ($0 + start >> 12) % 3 != 0 }
    free.shuffle(using: &random)
    slab.contentSize = 512
    slab.zoneEnd = isFull ? 520 : 512
    slab.poisonsObjects = true
    slab.setFree(lists: [Int(free[0])], inUse: slab.objectCount - free.count)
    slabs.append(slab)
    fill(pageAt: start) { 0x5a }
    for object in 0..<UInt64(slab.objectCount) {
      let isFree = free.contains(object)
      let first = start + zone + object * objectSize
      for place in 0..<UInt64(512) {
        byte(isFree ? 0x6b : UInt8(truncatingIfNeeded: place / 8), at: first + place)
      }
      if isFree { byte(0xa5, at: first + 511) }
      if isFull {
        for place in 0..<zone { byte(isFree ? 0xbb : 0xcc, at: first - zone + place) }
        for place in 0..<UInt64(8) { byte(isFree ? 0xbb : 0xcc, at: first + 512 + place) }
        for place in stride(from: UInt64(528), to: 592, by: 8) { put(random.next(), at: first + place) }
      }
      put(coded(0, slab, first + pointerOffset), at: first + pointerOffset)
    }
    for (index, object) in free.enumerated() {
      let slot = start + zone + object * objectSize + pointerOffset
      let next = index + 1 < free.count ? slab.pointer(to: Int(free[index + 1])) : 0
      put(coded(next, slab, slot), at: slot)
    }
  }

  private func coded(_ pointer: UInt64, _ slab: LowSlab, _ slot: UInt64) -> UInt64 {
    slab.random.map { pointer ^ $0 ^ (LowMemory.directMap + slot).byteSwapped } ?? pointer
  }

  private mutating func byte(_ value: UInt8, at address: UInt64) {
    if address - LowMemory.start < UInt64(bytes.count) { bytes[Int(address - LowMemory.start)] = value }
  }

  /// All pages one repeated byte where they were zero before: a kernel that poisons what it frees.
  mutating func poison(_ byte: UInt8) {
    for index in stride(from: 0, to: bytes.count, by: 16)
    where bytes[index..<index + 16].allSatisfy({ $0 == 0 }) {
      for place in index..<index + 16 { bytes[place] = byte }
    }
  }

  mutating func fill(pageAt address: UInt64, _ next: () -> UInt8) {
    for offset in 0..<4096 { bytes[Int(address - LowMemory.start) + offset] = next() }
  }

  /// Blocks of one byte, blocks of which it is the first half, and noise.
  mutating func fill(
    _ page: UInt64, _ byte: UInt8, blocks: Int = 256, halves: Int = 0, _ random: inout SeededGenerator
  ) {
    var index = 0
    fill(pageAt: page) {
      defer { index += 1 }
      let block = index / 16
      if block < blocks || block < blocks + halves && index % 16 < 8 { return byte }
      return UInt8(truncatingIfNeeded: random.next())
    }
  }

  mutating func put(_ words: [UInt64], into page: UInt64) {
    for (index, word) in words.enumerated() { put(word, at: page + UInt64(index) * 8) }
  }

  private mutating func put(_ word: UInt64, at address: UInt64) {
    for byte in 0..<8 {
      bytes[Int(address - LowMemory.start) + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))
    }
  }

  /// One page of objects, all written once, two of three free again, in random order.
  private mutating func addSlab(
    at start: UInt64, objectSize: UInt64, pointerOffset: UInt64, _ hardening: UInt64?,
    _ random: inout SeededGenerator
  ) {
    let slab = LowSlab(
      start: .init(start), byteCount: 4096, objectSize: objectSize, pointerOffset: pointerOffset,
      random: hardening, directMap: LowMemory.directMap)
    slabs.append(slab)
    let number = random.below(0x800)
    for object in 0..<4096 / objectSize {
      for word in 0..<objectSize / 8 {
        put(
          0x646d_6100_0000_0000 | (number + object) << 16 | word, at: start + object * objectSize + word * 8)
      }
    }
    var free = (0..<4096 / objectSize).filter { ($0 + number) % 3 != 0 }
    free.shuffle(using: &random)
    for (index, object) in free.enumerated() {
      let next = index + 1 < free.count ? LowMemory.directMap + start + free[index + 1] * objectSize : 0
      let slot = start + object * objectSize + pointerOffset
      // include/linux/slub_def.h and mm/slub.c, freelist_ptr() of 6.1.
      put(hardening.map { next ^ $0 ^ (LowMemory.directMap + slot).byteSwapped } ?? next, at: slot)
    }
  }
}
