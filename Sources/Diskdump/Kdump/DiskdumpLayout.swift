internal import DumpMemory

/// Where the parts of a kdump-compressed dump lie: all follows from four numbers.
struct DiskdumpLayout: Hashable, Sendable {
  let blockSize: UInt64
  let subHeaderBlocks: UInt64
  /// Blocks of one of the two bitmaps.
  let bitmapBlocks: UInt64
  let noteSize: UInt64
  let eraseInfoSize: UInt64
  let pageCount: UInt64
  /// Descriptors that there is room for. In a file of a split dump they are all pages', not only its own: where
  /// makedumpfile puts such files together, it knows the page of zeros by its place behind this room.
  let descriptorRoom: UInt64

  init(
    blockSize: Int, noteSize: Int, eraseInfoSize: Int = 0, maxMapNumber: UInt64, pageCount: UInt64,
    descriptorRoom: UInt64? = nil
  ) {
    precondition(blockSize >= PFNChunk.byteCount && blockSize.nonzeroBitCount == 1)
    self.blockSize = UInt64(blockSize)
    self.noteSize = UInt64(noteSize)
    self.eraseInfoSize = UInt64(eraseInfoSize)
    self.pageCount = pageCount
    self.descriptorRoom = descriptorRoom ?? pageCount
    subHeaderBlocks = Self.blocks(
      UInt64(KdumpSubHeader.byteCount) + self.noteSize + self.eraseInfoSize, of: self.blockSize)
    bitmapBlocks = Self.blocks(Self.blocks(maxMapNumber, of: 8), of: self.blockSize)
  }

  private static func blocks(_ count: UInt64, of size: UInt64) -> UInt64 {
    count / size + (count.isMultiple(of: size) ? 0 : 1)
  }

  var subHeader: UInt64 { blockSize }
  var notes: Range<UInt64> {
    let start = blockSize + UInt64(KdumpSubHeader.byteCount)
    return start..<start + noteSize
  }
  /// Behind the notes, where its place is known from the start; readers go by the sub header.
  var eraseInfo: Range<UInt64> { notes.upperBound..<notes.upperBound + eraseInfoSize }
  /// The frames that exist in the source.
  var firstBitmap: UInt64 { blockSize * (1 + subHeaderBlocks) }
  /// The frames that are in the dump.
  var secondBitmap: UInt64 { firstBitmap + bitmapBlocks * blockSize }
  var descriptors: UInt64 { secondBitmap + bitmapBlocks * blockSize }
  var descriptorsEnd: UInt64 { descriptors + pageCount * UInt64(PageDescriptor.byteCount) }
  var data: UInt64 { descriptors + descriptorRoom * UInt64(PageDescriptor.byteCount) }
}
