import Foundation

/// Breaks a kdump-compressed dump at places that are chosen: where its parts lie is read from its own headers.
public struct DumpBreaker {
  public private(set) var bytes: [UInt8]
  private let blockSize: Int
  public let maxMapNumber: Int
  public let firstBitmap: Int
  public let secondBitmap: Int
  public let descriptors: Int
  /// Pages of the second bitmap; of a file of a split dump those of all files.
  public let pageCount: Int
  /// Where pages begin.
  public let data: Int

  public init(_ path: String) throws {
    bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let image = bytes
    func word(_ at: Int, _ count: Int) -> Int {
      (0..<count).reversed().reduce(0) { $0 << 8 | Int(image[at + $1]) }
    }
    blockSize = word(428, 4)
    let bitmapBytes = word(436, 4) / 2 * blockSize
    firstBitmap = blockSize * (1 + word(432, 4))
    secondBitmap = firstBitmap + bitmapBytes
    descriptors = secondBitmap + bitmapBytes
    maxMapNumber = word(blockSize + 96, 8)
    pageCount = image[secondBitmap..<descriptors].reduce(0) { $0 + $1.nonzeroBitCount }
    data = descriptors + 24 * pageCount
  }

  public func write(to path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }

  // MARK: - What is there

  public func number(at place: Int, _ count: Int) -> Int {
    (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
  }

  public func offset(_ page: Int) -> Int { number(at: descriptors + 24 * page, 8) }
  public func size(_ page: Int) -> Int { number(at: descriptors + 24 * page + 8, 4) }
  public func flags(_ page: Int) -> Int { number(at: descriptors + 24 * page + 12, 4) }

  /// The number of a page that does not share the one of zeros, at or behind another.
  public func ownPage(from page: Int) -> Int {
    (page..<pageCount).first { offset($0) != data } ?? page
  }

  /// A page of which the same holds, and of its neighbours: `count` of them.
  public func ownPages(_ count: Int, from page: Int) -> Int {
    var first = page
    var next = page
    while next < pageCount, next - first < count {
      if offset(next) == data { first = next + 1 }
      next += 1
    }
    return first
  }

  /// How many pages repair may leave out, if this was made of a whole dump: those whose descriptors or bytes are others, or
  /// whose bytes another claims, the next on either side with bytes of its own, and the pages of zeros in between, any of
  /// which may have bytes that nobody claims.
  public func pagesBesideDamage(of whole: DumpBreaker) -> Int {
    let claims = Dictionary(grouping: 0..<pageCount, by: offset).mapValues(\.count)
    func isHit(_ page: Int) -> Bool {
      let descriptor = descriptors + 24 * page..<descriptors + 24 * (page + 1)
      guard descriptor.upperBound <= bytes.count, bytes[descriptor] == whole.bytes[descriptor] else {
        return true
      }
      if offset(page) == data { return false }
      let contents = offset(page)..<offset(page) + size(page)
      guard contents.upperBound <= bytes.count else { return false }
      return claims[offset(page)] != 1 || bytes[contents] != whole.bytes[contents]
    }
    var count = 0
    var page = 0
    while page < pageCount {
      var isNear = whole.offset(page) != data && isHit(page)
      let first = page
      // A stretch of pages of zeros, and the page behind it.
      while page < pageCount, whole.offset(page) == data {
        if isHit(page) { isNear = true }
        page += 1
      }
      if page < pageCount, isHit(page) { isNear = true }
      page += 1
      if isNear { count += min(page, pageCount) - first + 1 }
    }
    return count
  }

  // MARK: - What breaks it

  public mutating func zero(_ place: Int, _ count: Int) {
    for index in place..<min(place + count, bytes.count) { bytes[index] = 0 }
  }

  public mutating func set(_ value: Int, at place: Int, _ count: Int) {
    for index in 0..<count { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  public mutating func cut(at size: Int) { bytes.removeLast(bytes.count - size) }

  public mutating func zeroDescriptors(_ pages: Range<Int>) {
    zero(descriptors + 24 * pages.lowerBound, 24 * pages.count)
  }

  /// Lets a page's descriptor say what another's says.
  public mutating func copyDescriptor(of source: Int, to page: Int) {
    for index in 0..<24 { bytes[descriptors + 24 * page + index] = bytes[descriptors + 24 * source + index] }
  }

  public mutating func markIncomplete() { bytes[424] |= 8 }

  /// Changes the first bit of a bitmap, from a frame on, that has the other value.
  ///
  /// - Parameter isWanted: of a frame, whether it will do.
  public mutating func setBit(
    _ value: Bool, ofBitmapAt bitmap: Int, from frame: Int, where isWanted: (Int) -> Bool = { _ in true }
  ) {
    guard
      let frame = (frame..<maxMapNumber).first(where: {
        isBit($0, ofBitmapAt: bitmap) != value && isWanted($0)
      })
    else { return }
    bytes[bitmap + frame / 8] ^= 1 << (frame % 8)
  }

  public func isBit(_ frame: Int, ofBitmapAt bitmap: Int) -> Bool {
    bytes[bitmap + frame / 8] >> (frame % 8) & 1 == 1
  }

  /// Where the notes and the VMCOREINFO lie, by the sub header.
  public var notes: (place: Int, size: Int) { (number(at: blockSize + 48, 8), number(at: blockSize + 56, 8)) }
  public var vmcoreinfo: (place: Int, size: Int) {
    (number(at: blockSize + 32, 8), number(at: blockSize + 40, 8))
  }
}
