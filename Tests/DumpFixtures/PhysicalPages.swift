/// The physical memory of a synthetic kernel: the pages that were written, and a rule for all others.
public final class PhysicalPages {
  public static let pageSize: UInt64 = 4096

  /// A page that was written, so that it can be changed in place.
  private final class Page {
    var bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  private var written: [UInt64: Page] = [:]
  /// Whether a page that was never written reads as zeros or as a pattern made of its pfn.
  private let patterned: (UInt64) -> Bool
  private static let zeros = [UInt8](repeating: 0, count: 4096)

  init(patterned: @escaping (UInt64) -> Bool) {
    self.patterned = patterned
  }

  /// The 4096 bytes of a page.
  public func page(_ pfn: UInt64) -> [UInt8] {
    if let page = written[pfn] { return page.bytes }
    return patterned(pfn) ? Self.pattern(pfn) : Self.zeros
  }

  private func writable(_ pfn: UInt64) -> Page {
    if let page = written[pfn] { return page }
    let page = Page(self.page(pfn))
    written[pfn] = page
    return page
  }

  /// The bytes [paddr, paddr + count).
  public func bytes(at paddr: UInt64, count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count)
    var position = paddr
    while out.count < count {
      let offset = Int(position % 4096)
      let piece = min(4096 - offset, count - out.count)
      page(position / 4096).withUnsafeBytes { out.append(contentsOf: $0[offset..<offset + piece]) }
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
      writable(position / 4096).bytes.withUnsafeMutableBytes { page in
        bytes.withUnsafeBytes { page[offset...].copyBytes(from: $0[done..<done + piece]) }
      }
      position &+= UInt64(piece)
      done += piece
    }
  }

  /// Writes an integer that does not cross a page.
  public func store<T: FixedWidthInteger>(_ value: T, at paddr: UInt64) {
    writable(paddr / 4096).bytes.storeLittleEndian(value, at: Int(paddr % 4096))
  }

  /// Reads an integer that does not cross a page.
  public func load<T: FixedWidthInteger>(_ paddr: UInt64, as type: T.Type) -> T {
    page(paddr / 4096).loadLittleEndian(at: Int(paddr % 4096), as: type)
  }

  /// A page that no other pfn has: half text-like, half noise, so that codecs have something to do.
  public static func pattern(_ pfn: UInt64) -> [UInt8] {
    var page = template
    page.withUnsafeMutableBytes { bytes in
      for offset in stride(from: 0, to: 4096, by: 128) {
        bytes.storeBytes(of: (pfn &+ UInt64(offset)).littleEndian, toByteOffset: offset, as: UInt64.self)
      }
    }
    return page
  }

  private static let template: [UInt8] = {
    var generator = SeededGenerator(seed: 4096)
    var page: [UInt8] = []
    for word in 0..<UInt64(512) {
      page.appendLittleEndian(word % 2 == 0 ? generator.next() : 0x2065_6761_7020_0000 | word)
    }
    return page
  }()
}
