internal import DumpMemory

/// Free objects of slabs, which are erased as their pages go by.
///
/// A word of each stays, the pointer to the next free object, so that readers can still follow the slab's list. There may be
/// millions of objects: each costs a bit, and its slab some bytes.
struct FreedObjects: Sendable {
  /// What slabs of one cache have in common.
  struct Shape: Hashable, Sendable {
    let firstObject: Int
    let objectSize: Int
    let contentSize: Int
    let pointerOffset: Int
  }

  private struct Slab: Sendable {
    let frames: Range<PFN>
    let shape: UInt32
    let objects: UInt32
    /// Where its bits begin.
    let bits: Int
  }

  private var slabs: [Slab] = []
  private var bits: [UInt64] = []
  private var shapes: [Shape] = []
  private var numbers: [Shape: UInt32] = [:]
  private(set) var count = 0
  private(set) var byteCount: UInt64 = 0

  /// Slabs with free objects, and words of their bits: 96 MiB at most.
  private static let mostSlabs = 1 << 21
  private static let mostWords = 1 << 22

  var isEmpty: Bool { slabs.isEmpty }

  /// - Parameter free: a bit for each object.
  /// - Returns: false if there are too many.
  mutating func add(_ slab: KernelSlab, free: [UInt64]) -> Bool {
    guard slabs.count < Self.mostSlabs, bits.count + free.count <= Self.mostWords else { return false }
    let shape = Shape(
      firstObject: slab.firstObject, objectSize: slab.objectSize, contentSize: slab.contentSize,
      pointerOffset: slab.pointerOffset)
    let number = numbers[shape] ?? UInt32(shapes.count)
    if numbers.updateValue(number, forKey: shape) == nil { shapes.append(shape) }
    slabs.append(
      Slab(frames: slab.frames, shape: number, objects: UInt32(clamping: slab.objects), bits: bits.count))
    bits += free
    let freed = free.reduce(0) { $0 + $1.nonzeroBitCount }
    count += freed
    byteCount += UInt64(freed) * UInt64(slab.contentSize)
    return true
  }

  /// Sorts the slabs; call it when all are added.
  mutating func finish() { slabs.sort { $0.frames.lowerBound < $1.frames.lowerBound } }

  /// The slab that a frame belongs to.
  private func slab(of pfn: PFN) -> Slab? {
    var range = slabs.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      let slab = slabs[middle]
      if slab.frames.contains(pfn) { return slab }
      range = pfn < slab.frames.lowerBound ? range.lowerBound..<middle : middle + 1..<range.upperBound
    }
    return nil
  }

  func changes(_ pfn: PFN) -> Bool { slab(of: pfn) != nil }

  /// Overwrites what a page has of free objects.
  func apply(to page: inout MutableRawSpan, _ pfn: PFN, _ geometry: PageGeometry) {
    guard let slab = slab(of: pfn) else { return }
    let shape = shapes[Int(slab.shape)]
    let start = slab.frames.lowerBound.distance(to: pfn) * geometry.size
    let first = max((start - shape.firstObject) / shape.objectSize, 0)
    for index in first..<max(Int(slab.objects), first) {
      let object = shape.firstObject + index * shape.objectSize - start
      if object >= page.byteCount { break }
      if bits[slab.bits + index / 64] >> UInt64(index % 64) & 1 == 0 { continue }
      let end = min(object + shape.contentSize, page.byteCount)
      let pointer = object + shape.pointerOffset
      for offset in max(object, 0)..<max(end, 0) where offset < pointer || offset >= pointer + 8 {
        page.storeBytes(of: ErasedMemory.letter, toByteOffset: offset, as: UInt8.self)
      }
    }
  }
}
