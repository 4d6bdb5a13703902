/// A value of `_mapcount` that says what a page is used for.
///
/// Linux up to 4.17 stored magic numbers, 4.18 to 6.11 inverted flag bits; from 6.12 on the type is the top byte
/// and the rest may hold data (include/linux/page-flags.h, `enum pagetype`).
struct PageType {
  let value: UInt32
  let mask: UInt32

  /// Which of the encodings a number is of shows by itself: an inverted flag bit never has its low 24 bits clear.
  init(_ number: Int64) {
    let value = UInt32(truncatingIfNeeded: number)
    let isTopByte = value >= 0xf000_0000 && value & 0xff_ffff == 0
    mask = isTopByte ? 0xff00_0000 : .max
    self.value = value
  }

  @inline(__always)
  func matches(_ mapcount: UInt32) -> Bool { mapcount & mask == value }
}
