internal import Platform

/// Reads a bitmap of a dump from one end to the other, without a look at its holes: above 32 TiB most of it is one.
///
/// Time and memory are in proportion to what is stored, whatever the headers claim.
struct KdumpBitmapReader: ~Copyable {
  private let maxMapNumber: UInt64
  private let file: InputFile
  /// Where the bitmap begins.
  private let offset: UInt64
  /// Bytes of the file that are no hole, the last that were looked for.
  private var data: Range<UInt64>
  private var window: ReadAhead

  init(_ maxMapNumber: UInt64, in file: InputFile, at offset: UInt64) throws(VmcoreError) {
    do throws(SystemError) { window = try ReadAhead(byteCount: 256 << 10) } catch { throw .system(error) }
    self.maxMapNumber = maxMapNumber
    self.file = file
    self.offset = offset
    data = offset..<offset
  }

  private var chunkCount: Int { Int((maxMapNumber + UInt64(PFNChunk.frames) - 1) / UInt64(PFNChunk.frames)) }

  private var end: UInt64 { offset + UInt64(chunkCount * PFNChunk.byteCount) }

  /// The first chunk, from one on, that is not all hole; ``chunkCount`` behind the last.
  private mutating func nextStored(from chunk: Int) -> Int {
    let start = offset + UInt64(chunk * PFNChunk.byteCount)
    // Data that was found ahead counts as long as it is ahead.
    if start >= data.upperBound { data = start < end ? file.nextData(in: start..<end) : end..<end }
    if start >= data.lowerBound { return chunk }
    return data.isEmpty ? chunkCount : Int((data.lowerBound - offset) / UInt64(PFNChunk.byteCount))
  }

  /// The frames of this bitmap, the first, and the second, as ranges: a frame that the dump holds is one that the machine
  /// had, even if damage took its bit.
  mutating func ranges(
    with other: inout KdumpBitmapReader, mostRanges: Int
  ) throws(VmcoreError) -> PFNRanges {
    var ranges: [Range<PFN>] = []
    var start: UInt64?
    var next = 0
    while true {
      let chunk = min(nextStored(from: next), other.nextStored(from: next))
      if chunk > next, let from = start {
        append(from, UInt64(next * PFNChunk.frames), to: &ranges)
        start = nil
      }
      if chunk >= chunkCount { break }
      next = chunk + 1
      let place = try show(chunk)
      let otherPlace = try other.show(chunk)
      let bytes = window.bytes(place)
      let otherBytes = other.window.bytes(otherPlace)
      for word in 0..<PFNChunk.byteCount / 8 {
        let bits = bytes.word(word) | otherBytes.word(word)
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

  /// How many frames this bitmap, the second, has and the first does not.
  mutating func count(outside first: inout KdumpBitmapReader) throws(VmcoreError) -> UInt64 {
    var count = 0
    data = offset..<offset
    var chunk = nextStored(from: 0)
    while chunk < chunkCount {
      let place = try show(chunk)
      let firstPlace = try first.show(chunk)
      count += Self.count(
        window.bytes(place), outside: first.window.bytes(firstPlace), below: framesInChunk(chunk))
      chunk = nextStored(from: chunk + 1)
    }
    return UInt64(count)
  }

  /// Bits at and past max_mapnr do not count, whatever they are.
  private func append(_ from: UInt64, _ to: UInt64, to ranges: inout [Range<PFN>]) {
    let end = min(to, maxMapNumber)
    if from < end { ranges.append(PFN(from)..<PFN(end)) }
  }

  /// The bitmap's frames counted by chunk; bits at and past max_mapnr do not count.
  mutating func ranks() throws(VmcoreError) -> FrameRanks {
    var ranks = FrameRanks()
    data = offset..<offset
    var chunk = nextStored(from: 0)
    while chunk < chunkCount {
      let place = try show(chunk)
      ranks.append(chunk, frames: Self.count(window.bytes(place), below: framesInChunk(chunk)))
      chunk = nextStored(from: chunk + 1)
    }
    return ranks
  }

  /// How many of the bitmap's frames lie below one.
  mutating func rank(of pfn: PFN, _ ranks: FrameRanks) throws(VmcoreError) -> UInt64 {
    guard pfn.rawValue < maxMapNumber else { return ranks.total }
    let chunk = Int(pfn.rawValue / UInt64(PFNChunk.frames))
    let place = try show(chunk)
    let bit = Int(pfn.rawValue % UInt64(PFNChunk.frames))
    return ranks.frames(inChunk: chunk).below + UInt64(Self.count(window.bytes(place), below: bit))
  }

  /// Adds the bitmap's frames to a set that has none of them.
  mutating func insert(into set: inout PFNBitmap) throws(VmcoreError) {
    data = offset..<offset
    var chunk = nextStored(from: 0)
    while chunk < chunkCount {
      let place = try show(chunk)
      set.insert(bits: window.bytes(place), ofChunk: chunk)
      chunk = nextStored(from: chunk + 1)
    }
  }

  private mutating func show(_ chunk: Int) throws(VmcoreError) -> Range<UInt64> {
    let start = offset + UInt64(chunk * PFNChunk.byteCount)
    let wanted = start..<start + UInt64(PFNChunk.byteCount)
    let end = data.lowerBound < wanted.upperBound ? data.upperBound : 0
    do throws(SystemError) {
      guard try window.show(wanted, of: file, upTo: max(wanted.upperBound, end)) else {
        throw SystemError("pread", subject: file.path, code: .inputOutput)
      }
    } catch { throw .system(error) }
    return wanted
  }

  private func framesInChunk(_ index: Int) -> Int {
    Int(min(maxMapNumber - UInt64(index * PFNChunk.frames), UInt64(PFNChunk.frames)))
  }

  private static func count(_ bytes: RawSpan, outside others: RawSpan, below end: Int) -> Int {
    var count = 0
    for word in 0..<(end + 63) / 64 {
      var bits = bytes.word(word) & ~others.word(word)
      if end - word * 64 < 64 { bits &= 1 << UInt64(end - word * 64) - 1 }
      count += bits.nonzeroBitCount
    }
    return count
  }

  private static func count(_ bytes: RawSpan, below end: Int) -> Int {
    var count = 0
    for word in 0..<end / 64 { count += bytes.word(word).nonzeroBitCount }
    if end % 64 != 0 {
      let bits = bytes.word(end / 64)
      count += (bits & (1 << UInt64(end % 64) - 1)).nonzeroBitCount
    }
    return count
  }
}
