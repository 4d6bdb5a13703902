internal import DumpMemory

/// Which frames each file of a split dump has.
enum SplitPlan {
  /// Cuts all frames into ranges that follow each other, with about as many pages in each.
  ///
  /// - Parameter block: frames that stay together; every border is a multiple of it, but the last.
  static func ranges(of frames: borrowing PFNBitmap, _ count: Int, block: UInt64) -> [Range<PFN>] {
    var ranges: [Range<PFN>] = []
    var start: UInt64 = 0
    var pagesLeft = frames.count
    while ranges.count < count {
      let filesLeft = UInt64(count - ranges.count)
      var end = filesLeft == 1 ? frames.maxMapNumber : start
      var pages: UInt64 = 0
      let wanted = pagesLeft / filesLeft
      // As near as blocks allow: one more only if that is not further away than one less.
      while end < frames.maxMapNumber, pages < wanted {
        let next = min(end + block, frames.maxMapNumber)
        let more = frames.count(in: PFN(end)..<PFN(next))
        if pages > 0, pages + more > wanted, pages + more - wanted > wanted - pages { break }
        pages += more
        end = next
      }
      if filesLeft == 1 { pages = pagesLeft }
      pagesLeft -= min(pages, pagesLeft)
      ranges.append(PFN(start)..<PFN(end))
      start = end
    }
    return ranges
  }
}
