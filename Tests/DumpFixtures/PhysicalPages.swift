/// The physical memory of a synthetic kernel: the pages that were written, and a rule for all others.
public final class PhysicalPages {
  public static let pageSize: UInt64 = 4096

  private var written: [UInt64: [UInt8]] = [:]
  /// Whether a page that was never written reads as zeros or as a pattern made of its pfn.
  private let patterned: (UInt64) -> Bool

  init(patterned: @escaping (UInt64) -> Bool) {
    self.patterned = patterned
  }

  /// The 4096 bytes of a page.
  public func page(_ pfn: UInt64) -> [UInt8] {
    if let page = written[pfn] { return page }
    return patterned(pfn) ? Self.pattern(pfn) : [UInt8](repeating: 0, count: 4096)
  }

  /// The bytes [paddr, paddr + count).
  public func bytes(at paddr: UInt64, count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    var position = paddr
    while out.count < count {
      let offset = Int(position % 4096)
      let piece = min(4096 - offset, count - out.count)
      out += page(position / 4096)[offset..<offset + piece]
      position &+= UInt64(piece)
    }
    return out
  }

  public func store(_ bytes: [UInt8], at paddr: UInt64) {
    var position = paddr
    var done = 0
    while done < bytes.count {
      let offset = Int(position % 4096)
      let piece = min(4096 - offset, bytes.count - done)
      let pfn = position / 4096
      var page = written.removeValue(forKey: pfn) ?? self.page(pfn)
      page.replaceSubrange(offset..<offset + piece, with: bytes[done..<done + piece])
      written[pfn] = page
      position &+= UInt64(piece)
      done += piece
    }
  }

  /// Writes an integer that does not cross a page.
  public func store<T: FixedWidthInteger>(_ value: T, at paddr: UInt64) {
    let pfn = paddr / 4096
    var page = written.removeValue(forKey: pfn) ?? self.page(pfn)
    page.storeLittleEndian(value, at: Int(paddr % 4096))
    written[pfn] = page
  }

  /// Reads an integer that does not cross a page.
  public func load<T: FixedWidthInteger>(_ paddr: UInt64, as type: T.Type) -> T {
    guard let page = written[paddr / 4096] else {
      return page(paddr / 4096).loadLittleEndian(at: Int(paddr % 4096), as: type)
    }
    return page.loadLittleEndian(at: Int(paddr % 4096), as: type)
  }

  /// A page that no other pfn has: half text-like, half noise, so that codecs have something to do.
  public static func pattern(_ pfn: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: pfn)
    var page: [UInt8] = []
    page.reserveCapacity(4096)
    for word in 0..<UInt64(512) {
      page.appendLittleEndian(word % 2 == 0 ? generator.next() : pfn << 16 | word)
    }
    return page
  }
}
