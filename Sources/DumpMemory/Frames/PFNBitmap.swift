public import Platform

/// A set of page frames with one bit a frame, which pays only for the chunks that hold both kinds.
///
/// A terabyte of memory whose every section is half free costs 32 MiB; its holes, and sections that are
/// wholly kept or wholly left out, cost 8 bytes each. So a lying `max_mapnr` costs nothing.
@safe
public struct PFNBitmap: ~Copyable, PFNSet, @unchecked Sendable {
  public let maxMapNumber: UInt64

  /// Frames in the set.
  public private(set) var count: UInt64

  /// One word a chunk: 0 is clear, 1 is full, else the address of its words.
  private var directory: MappedBuffer
  private var wordsInUse: Int

  private static var clearChunk: UInt { 0 }
  private static var fullChunk: UInt { 1 }

  /// Makes an empty set.
  ///
  /// - Parameter maxMapNumber: frames that the set may hold, at most 2^40 (52-bit physical addresses).
  public init(maxMapNumber: UInt64) throws(SystemError) {
    guard maxMapNumber <= 1 << 40 else {
      throw SystemError("bitmap", subject: "\(maxMapNumber) page frames", code: .invalidArgument)
    }
    let chunks = (maxMapNumber + UInt64(PFNChunk.frames) - 1) / UInt64(PFNChunk.frames)
    let directory = try MappedBuffer(byteCount: Int(chunks) * MemoryLayout<UInt>.size)
    self.directory = directory
    self.maxMapNumber = maxMapNumber
    count = 0
    wordsInUse = 0
  }

  deinit {
    for index in 0..<chunkCount {
      if let words = unsafe words(ofChunk: index) { unsafe words.deallocate() }
    }
  }

  /// Bytes that the mixed chunks take.
  public var allocatedBytes: Int { wordsInUse * PFNChunk.byteCount }

  public func contains(_ pfn: PFN) -> Bool {
    guard pfn.rawValue < maxMapNumber else { return false }
    let index = chunkIndex(pfn)
    guard let words = unsafe words(ofChunk: index) else { return entry(index) == Self.fullChunk }
    let bit = Int(pfn.rawValue) % PFNChunk.frames
    return unsafe words[bit / 64] >> UInt64(bit % 64) & 1 == 1
  }

  /// Adds every frame of the range below ``maxMapNumber``; returns how many were not in the set before.
  @discardableResult
  public mutating func insert(_ range: Range<PFN>) -> UInt64 {
    change(range, to: true)
  }

  @discardableResult
  public mutating func insert(_ pfn: PFN) -> Bool {
    insert(pfn..<PFN(pfn.rawValue &+ 1)) == 1
  }

  /// Adds frames as a bitmap has them to a chunk that is clear; bits at and past ``maxMapNumber`` do not count.
  ///
  /// - Parameter bits: ``PFNChunk/byteCount`` bytes, as ``copyChunk(_:into:)`` writes them.
  public mutating func insert(bits: RawSpan, ofChunk index: Int) {
    precondition(entry(index) == Self.clearChunk && bits.byteCount >= PFNChunk.byteCount)
    var added = 0
    for word in 0..<PFNChunk.words {
      let frames = unsafe UInt64(
        littleEndian: bits.unsafeLoadUnaligned(fromUncheckedByteOffset: word * 8, as: UInt64.self))
      added += (frames & fullBits(chunk: index, word: word)).nonzeroBitCount
    }
    if added == 0 { return }
    count += UInt64(added)
    if UInt64(added) == framesInChunk(index) {
      setEntry(index, value: Self.fullChunk)
      return
    }
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: PFNChunk.words)
    for word in 0..<PFNChunk.words {
      let frames = unsafe UInt64(
        littleEndian: bits.unsafeLoadUnaligned(fromUncheckedByteOffset: word * 8, as: UInt64.self))
      unsafe words[word] = frames & fullBits(chunk: index, word: word)
    }
    wordsInUse += 1
    setEntry(index, value: UInt(bitPattern: words))
  }

  /// Takes every frame of the range out; returns how many were in the set.
  @discardableResult
  public mutating func remove(_ range: Range<PFN>) -> UInt64 {
    change(range, to: false)
  }

  @discardableResult
  public mutating func remove(_ pfn: PFN) -> Bool {
    remove(pfn..<PFN(pfn.rawValue &+ 1)) == 1
  }

  /// The first frame of the set at or after a frame.
  public func next(from pfn: PFN) -> PFN? {
    var at = pfn.rawValue
    while at < maxMapNumber {
      let index = chunkIndex(PFN(at))
      let chunkEnd = UInt64(index + 1) * UInt64(PFNChunk.frames)
      guard let words = unsafe words(ofChunk: index) else {
        if entry(index) == Self.fullChunk { return PFN(at) }
        at = chunkEnd
        continue
      }
      var word = Int(at) % PFNChunk.frames / 64
      var bits = unsafe words[word] & (UInt64.max << (at % 64))
      while bits == 0 {
        word += 1
        if word == PFNChunk.words { break }
        bits = unsafe words[word]
      }
      if bits != 0 {
        return PFN(chunkEnd - UInt64(PFNChunk.frames) + UInt64(word * 64 + bits.trailingZeroBitCount))
      }
      at = chunkEnd
    }
    return nil
  }

  /// The first frame at or after a frame that is not in the set; ``maxMapNumber`` is none.
  public func firstAbsent(from pfn: PFN) -> PFN {
    var at = pfn.rawValue
    while at < maxMapNumber {
      let index = chunkIndex(PFN(at))
      let chunkStart = UInt64(index) * UInt64(PFNChunk.frames)
      guard let words = unsafe words(ofChunk: index) else {
        if entry(index) == Self.clearChunk { return PFN(at) }
        at = chunkStart + UInt64(PFNChunk.frames)
        continue
      }
      var word = Int(at - chunkStart) / 64
      var bits = unsafe ~words[word] & (UInt64.max << (at % 64))
      while bits == 0 {
        word += 1
        if word == PFNChunk.words { break }
        bits = unsafe ~words[word]
      }
      if bits != 0 {
        return PFN(min(chunkStart + UInt64(word * 64 + bits.trailingZeroBitCount), maxMapNumber))
      }
      at = chunkStart + UInt64(PFNChunk.frames)
    }
    return PFN(maxMapNumber)
  }

  /// Frames of the set that lie in a range.
  public func count(in range: Range<PFN>) -> UInt64 {
    var total: UInt64 = 0
    var at = range.lowerBound.rawValue
    let end = min(range.upperBound.rawValue, maxMapNumber)
    while at < end {
      let index = chunkIndex(PFN(at))
      let chunkStart = UInt64(index) * UInt64(PFNChunk.frames)
      let stop = min(end, chunkStart + UInt64(PFNChunk.frames))
      if let words = unsafe words(ofChunk: index) {
        while at < stop {
          let wordStart = at & ~63
          let wordEnd = min(wordStart + 64, stop)
          let mask = (UInt64.max >> (64 - (wordEnd - at))) << (at - wordStart)
          total += unsafe UInt64((words[Int(wordStart - chunkStart) / 64] & mask).nonzeroBitCount)
          at = wordEnd
        }
      } else {
        if entry(index) == Self.fullChunk { total += stop - at }
        at = stop
      }
    }
    return total
  }

  public func kind(ofChunk index: Int) -> PFNChunkKind {
    switch entry(index) {
    case Self.clearChunk: .clear
    case Self.fullChunk: .full
    default: .mixed
    }
  }

  public func copyChunk(_ index: Int, into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= PFNChunk.byteCount)
    for word in 0..<PFNChunk.words {
      let bits: UInt64
      if let words = unsafe words(ofChunk: index) {
        bits = unsafe words[word]
      } else {
        bits = entry(index) == Self.fullChunk ? fullBits(chunk: index, word: word) : 0
      }
      bytes.storeBytes(of: bits.littleEndian, toByteOffset: word * 8, as: UInt64.self)
    }
  }

  // MARK: - Chunks

  private func chunkIndex(_ pfn: PFN) -> Int {
    Int(pfn.rawValue / UInt64(PFNChunk.frames))
  }

  private func entry(_ index: Int) -> UInt {
    unsafe directory.bytes.unsafeLoad(fromByteOffset: index * MemoryLayout<UInt>.size, as: UInt.self)
  }

  private mutating func setEntry(_ index: Int, value: UInt) {
    var bytes = directory.mutableBytes
    bytes.storeBytes(of: value, toByteOffset: index * MemoryLayout<UInt>.size, as: UInt.self)
  }

  private func words(ofChunk index: Int) -> UnsafeMutablePointer<UInt64>? {
    let value = entry(index)
    return value > Self.fullChunk ? unsafe UnsafeMutablePointer(bitPattern: value) : nil
  }

  /// The bits of a word of a full chunk: those at and past `max_mapnr` are zero.
  private func fullBits(chunk: Int, word: Int) -> UInt64 {
    let first = UInt64(chunk) * UInt64(PFNChunk.frames) + UInt64(word * 64)
    if first >= maxMapNumber { return 0 }
    let frames = maxMapNumber - first
    return frames >= 64 ? .max : (1 << frames) - 1
  }

  private func framesInChunk(_ index: Int) -> UInt64 {
    min(maxMapNumber - UInt64(index) * UInt64(PFNChunk.frames), UInt64(PFNChunk.frames))
  }

  private mutating func change(_ range: Range<PFN>, to value: Bool) -> UInt64 {
    var changed: UInt64 = 0
    var at = range.lowerBound.rawValue
    let end = min(range.upperBound.rawValue, maxMapNumber)
    while at < end {
      let index = chunkIndex(PFN(at))
      let chunkStart = UInt64(index) * UInt64(PFNChunk.frames)
      let stop = min(end, chunkStart + UInt64(PFNChunk.frames))
      changed += changeInChunk(index, bits: Int(at - chunkStart)..<Int(stop - chunkStart), to: value)
      at = stop
    }
    if value { count += changed } else { count -= changed }
    return changed
  }

  private mutating func changeInChunk(_ index: Int, bits: Range<Int>, to value: Bool) -> UInt64 {
    let uniform = entry(index)
    if uniform == (value ? Self.fullChunk : Self.clearChunk) { return 0 }
    let frames = framesInChunk(index)
    if uniform <= Self.fullChunk {
      if UInt64(bits.count) == frames {
        setEntry(index, value: value ? Self.fullChunk : Self.clearChunk)
        return frames
      }
      let words = UnsafeMutablePointer<UInt64>.allocate(capacity: PFNChunk.words)
      for word in 0..<PFNChunk.words {
        unsafe words[word] = uniform == Self.fullChunk ? fullBits(chunk: index, word: word) : 0
      }
      wordsInUse += 1
      setEntry(index, value: UInt(bitPattern: words))
    }
    guard let words = unsafe words(ofChunk: index) else { return 0 }
    var changed = 0
    var at = bits.lowerBound
    while at < bits.upperBound {
      let stop = min(bits.upperBound, (at / 64 + 1) * 64)
      let mask = (UInt64.max >> UInt64(64 - (stop - at))) << UInt64(at % 64)
      let old = unsafe words[at / 64]
      let new = value ? old | mask : old & ~mask
      unsafe words[at / 64] = new
      changed += (old ^ new).nonzeroBitCount
      at = stop
    }
    return UInt64(changed)
  }
}
