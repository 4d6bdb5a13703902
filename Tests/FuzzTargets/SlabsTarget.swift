import DumpFixtures
import DumpMemory
import KernelModel

/// SLUB's slabs: those of low memory, and what all caches use.
public struct SlabsTarget: FuzzTarget {
  public static let name = "slabs"
  public static let input =
    "which kernel (1), then changes of its struct pages, caches, types, lists and slabs (KernelPatch)"
  public static let mostBytes = 1024

  private let kernels: [PatchedKernel]

  public init() {
    kernels = [
      Self.kernel(.v6_1, .mixedSwapped), Self.kernel(.v5_10, .mixed), Self.kernel(.v6_12, .plain),
    ]
  }

  private static func kernel(
    _ generation: KernelGeneration, _ coding: SlabFixture.Coding
  ) -> PatchedKernel {
    let slabs = SlabFixture(generation, storing: coding, redLeftPad: 64, processors: 2)
    let kernel = slabs.tables.kernel
    slabs.addSlab(pfn: 0x10, order: 1, objects: 15, inUse: 5, freelist: slabs.object(3, pfn: 0x10) + 64)
    slabs.addSlab(pfn: 0x14, order: 0, objects: 7, inUse: 7, freelist: nil)
    for pfn in [0x200, 0x204] as [UInt64] {
      slabs.addSlab(pfn: pfn, order: 1, objects: 15, inUse: 13, freelist: slabs.object(4, pfn: pfn) + 64)
      slabs.link([4, 9, 1], pfn: pfn, pad: 64)
    }
    slabs.addUsage(partial: 0x200)
    let area = slabs.tables.place([UInt8](repeating: 0, count: 64))
    var offsets: [UInt8] = []
    for _ in 0..<2 { offsets.appendLittleEndian(area &- 0x33000) }
    slabs.tables.setSymbol("__per_cpu_offset", slabs.tables.place(offsets))
    let first = slabs.tables.nextAddress
    let patched = PatchedKernel(kernel)
    patched.addStructPages(of: 0x10..<0x18)
    patched.addStructPages(of: 0x200..<0x208)
    // Types, cache, lists and areas of processors, each in a page of its own.
    for address in stride(from: kernel.text + 0x3000, to: first, by: 4096) {
      patched.addWindow(image: address, byteCount: address == kernel.text + 0x3000 ? 1400 : 256)
    }
    patched.addWindow(physical: 0x10000, byteCount: 4096)
    patched.addWindow(physical: 0x200000, byteCount: 4096)
    return patched
  }

  public func seeds() -> [FuzzSeed] {
    kernels.indices.flatMap { index in
      let begin = [UInt8(index)]
      let objects = KernelPatch.bytes(2, place: 21, value: 0x7fff)
      let size = KernelPatch.bytes(1, window: 3, place: 6, value: 8)
      let list = KernelPatch.bytes(4, window: 3, place: 13, value: 0x68 << 8 | 3)
      return [
        FuzzSeed("plain-\(index)", begin), FuzzSeed("objects-\(index)", begin + objects),
        FuzzSeed("size-\(index)", begin + size), FuzzSeed("list-\(index)", begin + list),
      ]
    }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let patched = kernels[Int(bytes.byte()) % kernels.count]
    guard let kernel = patched.patched(by: &bytes), let source = try? kernel.memory() else { return }
    var memory = source
    if let walk = try? SlabWalk(kernel, in: &memory) {
      for slab in walk.slabs { try Self.check(slab) }
    }
    if let usage = try? SlabUsage(kernel, in: &memory) {
      for cache in usage.caches {
        let isPlain = cache.name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        try FuzzFinding.unless(isPlain, "a cache's name has what a terminal obeys")
      }
      _ = usage.byteCount
    }
  }

  /// Objects lie in their slab, and are found where they lie.
  private static func check(_ slab: KernelSlab) throws(FuzzFinding) {
    try FuzzFinding.unless(
      slab.objects * slab.objectSize <= slab.frames.count * 4096 && slab.inUse <= slab.objects,
      "\(slab.objects) objects of \(slab.objectSize) bytes lie in \(slab.frames.count) pages")
    for index in [0, slab.objects / 2, slab.objects - 1] {
      let address = slab.object(index).rawValue
      try FuzzFinding.unless(slab.index(of: address) == index, "object \(index) is found as another")
      let pointer = slab.object(0).rawValue
      try FuzzFinding.unless(
        slab.coded(slab.coded(pointer, ofObject: index), ofObject: index) == pointer,
        "a free pointer that is coded and decoded is another")
      try FuzzFinding.unless(
        slab.pointerOffset + 8 <= slab.objectSize, "a free pointer lies at \(slab.pointerOffset) of an object"
      )
    }
    for first in slab.freelists {
      try FuzzFinding.unless(
        slab.index(of: first.rawValue) != nil, "a free list begins at \(first), where no object is")
    }
  }
}
