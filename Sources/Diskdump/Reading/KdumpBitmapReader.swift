internal import Platform
internal import Vmcore

/// Reads the bitmaps of a dump from one end to the other.
struct KdumpBitmapReader: ~Copyable {
  private let maxMapNumber: UInt64
  private var window: ReadAhead

  init(_ maxMapNumber: UInt64) throws(VmcoreError) {
    do throws(SystemError) { window = try ReadAhead(byteCount: 256 << 10) } catch { throw .system(error) }
    self.maxMapNumber = maxMapNumber
  }

  private var chunkCount: Int { Int((maxMapNumber + UInt64(PFNChunk.frames) - 1) / UInt64(PFNChunk.frames)) }

  /// The frames of two bitmaps, the first and the second, as ranges: a frame that the dump holds is one that
  /// the machine had, even if damage took its bit.
  ///
  /// - Parameter other: reads the second.
  mutating func ranges(
    of file: InputFile, at offset: UInt64, and second: UInt64, _ other: inout KdumpBitmapReader,
    mostRanges: Int
  ) throws(VmcoreError) -> PFNRanges {
    var ranges: [Range<PFN>] = []
    var start: UInt64?
    for chunk in 0..<chunkCount {
      let place = try show(chunk, of: file, at: offset)
      let otherPlace = try other.show(chunk, of: file, at: second)
      let bytes = window.bytes(place)
      let otherBytes = other.window.bytes(otherPlace)
      for word in 0..<PFNChunk.byteCount / 8 {
        let bits = (bytes.field(word * 8) as UInt64) | otherBytes.field(word * 8)
        if bits == (start == nil ? 0 : .max) { continue }
        let first = UInt64(chunk * PFNChunk.frames + word * 64)
        var bit: UInt64 = 0
        while bit < 64 {
          let rest = (start == nil ? bits : ~bits) >> bit
          bit += UInt64(rest.trailingZeroBitCount)
          if bit >= 64 { break }
          if let from = start {
            append(from, first + bit, to: &ranges)
            start = nil
          } else {
            start = first + bit
          }
        }
      }
      if ranges.count > mostRanges {
        throw .malformed(
          path: file.path, at: FileOffset(offset), "the first bitmap is of more than \(mostRanges) pieces")
      }
    }
    if let from = start { append(from, maxMapNumber, to: &ranges) }
    return PFNRanges(ranges, maxMapNumber: maxMapNumber)
  }

  /// Bits at and past max_mapnr do not count, whatever they are.
  private func append(_ from: UInt64, _ to: UInt64, to ranges: inout [Range<PFN>]) {
    let end = min(to, maxMapNumber)
    if from < end { ranges.append(PFN(from)..<PFN(end)) }
  }

  /// The frames of a bitmap counted by chunk; bits at and past max_mapnr do not count.
  mutating func ranks(of file: InputFile, at offset: UInt64) throws(VmcoreError) -> FrameRanks {
    var ranks = FrameRanks()
    for chunk in 0..<chunkCount {
      let place = try show(chunk, of: file, at: offset)
      ranks.append(framesInChunk: Self.count(window.bytes(place), below: framesInChunk(chunk)))
    }
    return ranks
  }

  /// How many frames of a bitmap lie below one.
  mutating func rank(
    of pfn: PFN, _ ranks: FrameRanks, of file: InputFile, at offset: UInt64
  ) throws(VmcoreError) -> UInt64 {
    guard pfn.rawValue < maxMapNumber else { return ranks.total }
    let chunk = Int(pfn.rawValue / UInt64(PFNChunk.frames))
    let place = try show(chunk, of: file, at: offset)
    let bit = Int(pfn.rawValue % UInt64(PFNChunk.frames))
    return ranks.below[chunk] + UInt64(Self.count(window.bytes(place), below: bit))
  }

  /// Adds the frames of a bitmap to a set that has none of them.
  mutating func insert(
    into set: inout PFNBitmap, of file: InputFile, at offset: UInt64
  ) throws(VmcoreError) {
    for chunk in 0..<chunkCount {
      let place = try show(chunk, of: file, at: offset)
      set.insert(bits: window.bytes(place), ofChunk: chunk)
    }
  }

  private mutating func show(
    _ chunk: Int, of file: InputFile, at offset: UInt64
  ) throws(VmcoreError) -> Range<UInt64> {
    let start = offset + UInt64(chunk * PFNChunk.byteCount)
    let wanted = start..<start + UInt64(PFNChunk.byteCount)
    do throws(SystemError) {
      guard try window.show(wanted, of: file) else {
        throw SystemError("pread", file.path, .inputOutput)
      }
    } catch { throw .system(error) }
    return wanted
  }

  private func framesInChunk(_ index: Int) -> Int {
    Int(min(maxMapNumber - UInt64(index * PFNChunk.frames), UInt64(PFNChunk.frames)))
  }

  private static func count(_ bytes: RawSpan, below end: Int) -> Int {
    var count = 0
    for word in 0..<end / 64 { count += (bytes.field(word * 8) as UInt64).nonzeroBitCount }
    if end % 64 != 0 {
      let bits: UInt64 = bytes.field(end / 64 * 8)
      count += (bits & (1 << UInt64(end % 64) - 1)).nonzeroBitCount
    }
    return count
  }
}
