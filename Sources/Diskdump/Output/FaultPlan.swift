#if DEBUG
  /// Lets tests stop the writing of a dump wherever a kill can: between two pages of the page cache.
  ///
  /// The kernel looks for a fatal signal after each page that it has copied, so a write may end at a page
  /// boundary of the file, and nowhere else.
  final class FaultPlan: @unchecked Sendable {
    private(set) var piecesLeft: Int

    init(pieces: Int) {
      piecesLeft = pieces
    }

    /// How many of the bytes still reach the file.
    func admit(_ byteCount: Int, at offset: UInt64) -> Int {
      var admitted = 0
      while admitted < byteCount, piecesLeft > 0 {
        let inPage = (offset + UInt64(admitted)) % 4096
        admitted += min(byteCount - admitted, 4096 - Int(inPage))
        piecesLeft -= 1
      }
      return admitted
    }
  }
#endif
