import Glibc

/// One of a dump's two bitmaps, read 64 bits at a time.
public struct FrameBitmap {
  private let file: MappedFile
  private let base: UnsafeRawPointer
  public let byteCount: Int

  private static let clear = [UInt8](repeating: 0, count: 4096)

  init(_ file: MappedFile, at offset: UInt64, byteCount: UInt64) throws(JudgeError) {
    guard let base = file.pointer(offset, byteCount) else {
      throw JudgeError(file.path, "ends in its bitmaps")
    }
    self.file = file
    self.base = base
    self.byteCount = Int(byteCount)
  }

  /// Words of 64 frames; blocks are multiples of 4096 bytes.
  var wordCount: Int { byteCount / 8 }

  /// The bits of a word; none behind the bitmap's end.
  func word(_ index: Int) -> UInt64 {
    guard index < wordCount else { return 0 }
    return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
  }

  /// Whether the 512 words from this one, a multiple of 512, are clear.
  func chunkIsClear(atWord index: Int) -> Bool {
    index >= wordCount || memcmp(base + index * 8, FrameBitmap.clear, 4096) == 0
  }

  public func contains(_ pfn: UInt64) -> Bool {
    word(Int(pfn / 64)) >> (pfn % 64) & 1 == 1
  }

  /// Frames below a pfn: the number of a page's descriptor.
  public func count(below pfn: UInt64 = .max) -> Int {
    var sum = 0
    let end = min(Int(clamping: pfn / 64), wordCount)
    var index = 0
    while index < end {
      if index % 512 == 0, chunkIsClear(atWord: index) {
        index += 512
        continue
      }
      sum += word(index).nonzeroBitCount
      index += 1
    }
    return sum + (word(end) & ((1 << (pfn % 64)) - 1)).nonzeroBitCount
  }

  /// Calls the body with each frame, in order.
  public func forEach(_ body: (UInt64) throws -> Void) rethrows {
    var index = 0
    while index < wordCount {
      if index % 512 == 0, chunkIsClear(atWord: index) {
        index += 512
        continue
      }
      var bits = word(index)
      while bits != 0 {
        try body(UInt64(index * 64 + bits.trailingZeroBitCount))
        bits &= bits - 1
      }
      index += 1
    }
  }

  /// The frames that this bitmap has and another has not.
  public func subtracting(_ other: FrameBitmap) -> [UInt64] {
    var frames: [UInt64] = []
    var index = 0
    while index < wordCount {
      if index % 512 == 0, chunkIsClear(atWord: index) {
        index += 512
        continue
      }
      var bits = word(index) & ~other.word(index)
      while bits != 0 {
        frames.append(UInt64(index * 64 + bits.trailingZeroBitCount))
        bits &= bits - 1
      }
      index += 1
    }
    return frames
  }

  /// All frames, in order.
  public var frames: [UInt64] {
    var frames: [UInt64] = []
    forEach { frames.append($0) }
    return frames
  }
}
