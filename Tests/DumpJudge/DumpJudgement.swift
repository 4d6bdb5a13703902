/// What is wrong with a dump. Pages are pfns, in order.
public struct DumpJudgement: Equatable {
  /// Pages of the second bitmap.
  public var pages = 0
  /// Pages whose content was compared with the vmcore's, and is the same.
  public var right = 0
  /// Pages whose content is not the vmcore's, or that the vmcore does not have.
  public var wrong: [UInt64] = []
  /// Pages whose descriptor or stored bytes make no page.
  public var unreadable: [UInt64] = []
  /// Of the unreadable ones, those whose descriptor reaches past the end of the file.
  public var pastEnd: [UInt64] = []
  /// Pages that an incomplete dump describes as missing.
  public var cut: [UInt64] = []
  /// Pages that the reference has and the dump has not.
  public var missing: [UInt64] = []
  /// Pages that the dump has and the reference has not.
  public var extra: [UInt64] = []
  /// Frames that only one of the two first bitmaps has.
  public var existingDiffers: [UInt64] = []
  /// Pages by `page_desc.flags`.
  public var codecs: [UInt32: Int] = [:]
  /// What the headers, bitmaps and descriptors breach; see ``KdumpDump/breaches()``.
  public var breaches: [String] = []

  /// Whether every page is there, right, and no more.
  public var isClean: Bool {
    wrong.isEmpty && unreadable.isEmpty && cut.isEmpty && missing.isEmpty && extra.isEmpty
      && existingDiffers.isEmpty && breaches.isEmpty
  }
}

extension DumpJudgement: CustomStringConvertible {
  public var description: String {
    let codecs = codecs.sorted { $0.key < $1.key }.map { "\($0.value) of flags \($0.key)" }
    var lines = ["\(pages) pages, \(right) right; \(codecs.joined(separator: ", "))"]
    for (name, pfns) in [
      ("wrong", wrong), ("unreadable", unreadable), ("past the end", pastEnd), ("cut", cut),
      ("missing", missing), ("extra", extra), ("in one first bitmap only", existingDiffers),
    ] where !pfns.isEmpty {
      let first = pfns.prefix(8).map { "0x" + String($0, radix: 16) }.joined(separator: " ")
      lines.append("\(pfns.count) \(name): \(first)")
    }
    return (lines + breaches).joined(separator: "\n")
  }
}
