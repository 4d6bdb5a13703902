/// What the low region of a dump turned out to be.
public enum Verdict: String, Hashable, Sendable {
  /// Zero blocks dominate: never damaged, or repaired before. Nothing is done.
  case undamaged
  /// Pages of nothing but zeros lie beside noise: ciphertext, read without decryption. Only the key helps.
  case ciphertext
  /// Zero blocks and others that repeat, both often: part of the region may have been repaired before, and what one
  /// part says about constants need not hold for the other. Nothing is done.
  case mixed
  /// No trace of XE's constants: XEX, a decrypted view, or a region without any regular content. Nothing is done.
  case noEvidence
  /// There are traces, but nothing proves a constant. Nothing is done.
  case unconfirmed
  /// XE: all pages that can come back do.
  case repairable
  /// XE: some classes of pages come back; the bytes of the others stay.
  case partlyRepairable
}

extension Verdict {
  /// For messages.
  public var sentence: String {
    switch self {
    case .undamaged: "zero blocks dominate: low memory is as the first kernel saw it"
    case .ciphertext:
      "zero pages lie beside noise: low memory was read without decryption, and stays as it is"
    case .mixed:
      "zero blocks and other repeated ones: low memory may be repaired in part already, and stays as it is"
    case .noEvidence:
      "no trace of XE's constants (XEX, or read without decryption): low memory stays as it is"
    case .unconfirmed: "nothing proves a constant: low memory stays as it is"
    case .repairable: "XE: low memory comes back"
    case .partlyRepairable: "XE: a part of low memory comes back"
    }
  }
}
