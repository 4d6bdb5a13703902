import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct PFNBitmapTests {
  /// Bits of a set as its chunks give them.
  private static func frames(_ set: borrowing some PFNSet & ~Copyable) -> Set<UInt64> {
    var out: Set<UInt64> = []
    var bytes = [UInt8](repeating: 0xff, count: PFNChunk.byteCount)
    for chunk in 0..<set.chunkCount {
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      set.copyChunk(chunk, into: &raw)
      for (index, byte) in bytes.enumerated() where byte != 0 {
        for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 {
          out.insert(UInt64(chunk * PFNChunk.frames + index * 8 + bit))
        }
      }
    }
    return out
  }

  /// A few frames around places where words and chunks meet.
  private static func place(_ limit: UInt64, _ generator: inout SeededGenerator) -> UInt64 {
    let base = generator.pick([0, 64, 32_704, 32_768, 65_536, limit, generator.below(limit)] as [UInt64])
    return min(limit + 100, base &+ generator.below(70))
  }

  @Test(arguments: 0..<UInt64(30))
  func `random insertions and removals do what a Set does`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let limit = 1 + generator.below(100_000)
    var bitmap = try PFNBitmap(maxMapNumber: limit)
    var model: Set<UInt64> = []
    for _ in 0..<60 {
      let start = Self.place(limit, &generator)
      let length = generator.pick([0, 1, 63, 64, 65, 512, 32_768, generator.below(limit + 1)] as [UInt64])
      let range = start..<min(start + length, limit + 200)
      let inside = start..<max(start, min(range.upperBound, limit))
      let frames = PFN(range.lowerBound)..<PFN(max(range.lowerBound, range.upperBound))
      if generator.oneIn(2) {
        let added = bitmap.insert(frames)
        #expect(added == UInt64(inside.filter { !model.contains($0) }.count))
        model.formUnion(inside)
      } else {
        let removed = bitmap.remove(frames)
        #expect(removed == UInt64(inside.filter { model.contains($0) }.count))
        model.subtract(inside)
      }
      let count = bitmap.count
      #expect(count == UInt64(model.count))
      let probe = Self.place(limit, &generator)
      let (isMember, next) = (bitmap.contains(PFN(probe)), bitmap.next(from: PFN(probe)))
      #expect(isMember == model.contains(probe))
      #expect(next?.rawValue == model.filter { $0 >= probe }.min())
    }
    let frames = Self.frames(bitmap)
    #expect(frames == model)
    for chunk in 0..<bitmap.chunkCount {
      let first = UInt64(chunk * PFNChunk.frames)
      let whole = first..<min(first + UInt64(PFNChunk.frames), limit)
      let kind = bitmap.kind(ofChunk: chunk)
      let held = model.filter { whole.contains($0) }.count
      // A mixed chunk may have become full or empty by small steps; the claims must hold, not be complete.
      if kind == .clear { #expect(held == 0) }
      if kind == .full { #expect(held == whole.count) }
    }
  }

  @Test func `a set that was never mixed takes no memory for bits`() throws {
    var bitmap = try PFNBitmap(maxMapNumber: 1 << 30)
    let added = bitmap.insert(PFN(0)..<PFN(1 << 30))
    let whole = bitmap.allocatedBytes
    #expect(added == 1 << 30)
    #expect(whole == 0)
    bitmap.remove(PFN(5))
    let (mixed, count) = (bitmap.allocatedBytes, bitmap.count)
    #expect(mixed == PFNChunk.byteCount)
    #expect(count == 1 << 30 - 1)
  }

  @Test func `more frames than 52-bit addresses have are refused`() {
    #expect(throws: (any Error).self) { _ = try PFNBitmap(maxMapNumber: 1 << 40 + 1) }
  }

  @Test(arguments: 0..<UInt64(20))
  func `ranges hold the frames they were made of, below the limit`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let limit = 1 + generator.below(80_000)
    var unordered: [Range<PFN>] = []
    var model: Set<UInt64> = []
    for _ in 0..<generator.below(20) {
      let start = generator.below(limit + 100)
      let end = start + generator.below(generator.oneIn(3) ? 40_000 : 100)
      unordered.append(PFN(start)..<PFN(end))
      model.formUnion((start..<end).filter { $0 < limit })
    }
    let ranges = PFNRanges(unordered, maxMapNumber: limit)
    #expect(ranges.count == UInt64(model.count))
    #expect(Self.frames(ranges) == model)
    for (left, right) in zip(ranges.ranges, ranges.ranges.dropFirst()) {
      #expect(left.upperBound < right.lowerBound)
    }
    for _ in 0..<50 {
      let pfn = generator.below(limit + 200)
      #expect(ranges.contains(PFN(pfn)) == model.contains(pfn))
      let end = pfn + generator.below(300)
      #expect(ranges.intersects(PFN(pfn)..<PFN(end)) == (pfn..<end).contains(where: model.contains))
    }
    for chunk in 0..<ranges.chunkCount {
      let first = UInt64(chunk * PFNChunk.frames)
      let whole = first..<min(first + UInt64(PFNChunk.frames), limit)
      let held = whole.filter(model.contains).count
      let expected: PFNChunkKind = held == 0 ? .clear : held == whole.count ? .full : .mixed
      #expect(ranges.kind(ofChunk: chunk) == expected)
    }
  }

  @Test(arguments: 0..<UInt64(20))
  func `the first absent frame, and the number of frames in a range, are a Set's`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let limit = 1 + generator.below(100_000)
    var bitmap = try PFNBitmap(maxMapNumber: limit)
    var model: Set<UInt64> = []
    for _ in 0..<8 {
      let start = min(Self.place(limit, &generator), limit)
      let end = min(start + generator.pick([1, 63, 64, 65, 512, 32_768, 70_000] as [UInt64]), limit)
      bitmap.insert(PFN(start)..<PFN(end))
      model.formUnion(start..<end)
    }
    for _ in 0..<40 {
      let from = Self.place(limit, &generator)
      let absent = bitmap.firstAbsent(from: PFN(from))
      #expect(absent.rawValue == (from..<max(from, limit)).first { !model.contains($0) } ?? limit)
      let to = max(from, Self.place(limit, &generator))
      let count = bitmap.count(in: PFN(from)..<PFN(to))
      #expect(count == UInt64((from..<to).count { model.contains($0) }))
    }
  }
}
