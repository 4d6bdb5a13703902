/// How the backup lies against the pages that were copied: the bits 12 to 19 of how far they moved.
///
/// All that keyless repair has to know of the backup's address. With δ the distance, the page at l was read at
/// l + δ. Below bit 20, `l ^ r` follows from δ's low bits; above, it is δ's high part, or that plus one where the
/// addition carries: two unknowns, whatever they are.
struct Alignment: Hashable, Sendable {
  /// δ modulo 1 MiB, a multiple of the page size.
  let shift: UInt64

  static let count = 256
  private static let lowBits: UInt64 = 0xf_f000

  /// Unknowns of the equations: address bits 12 to 19 are `t12` to `t19`; these are `T` of what lies above.
  static let highUnknown: UInt64 = 1 << 62
  static let carriedHighUnknown: UInt64 = 1 << 63

  /// `AES^-1(0)` of a family of untouched pages.
  static func familyUnknown(_ family: Int) -> UInt64 {
    precondition(family < UntouchedFamily.most)
    return 1 << UInt64(family)
  }

  init(shift: UInt64) {
    self.shift = shift & Alignment.lowBits
  }

  /// Nil if the distance is no multiple of the page size: the constant would then differ from block to block.
  init?(from source: UInt64, to backup: UInt64) {
    let distance = backup &- source
    guard distance.isMultiple(of: LowRegion.pageBytes) else { return nil }
    self.init(shift: distance)
  }

  private func high(_ page: UInt64) -> UInt64 {
    page + shift >= 1 << 20 ? Alignment.carriedHighUnknown : Alignment.highUnknown
  }

  /// The unknowns of `T(l ^ r)` for the page at l.
  func difference(_ page: UInt64) -> UInt64 {
    (page ^ (page + shift)) & Alignment.lowBits | high(page)
  }

  /// The unknowns of `T(r)`.
  func read(_ page: UInt64) -> UInt64 {
    (page + shift) & Alignment.lowBits | high(page)
  }
}
