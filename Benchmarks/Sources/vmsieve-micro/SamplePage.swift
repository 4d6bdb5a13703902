import DumpFixtures
import PageCompression

/// Pages of the kinds that a kernel's memory has, the same in every run.
enum SamplePage {
  static let size = 4096

  /// Structures with pointers and small numbers, text, and pages that are mostly empty: three of the first to one of each other.
  static var mixture: [[UInt8]] {
    (0..<16).flatMap { seed -> [[UInt8]] in
      let seed = UInt64(seed)
      return [
        structures(seed: seed), structures(seed: seed + 100), structures(seed: seed + 200), text(seed: seed),
        sparse(seed: seed),
      ]
    }
  }

  private static func structures(seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var page = [UInt8](repeating: 0, count: size)
    for place in stride(from: 0, to: size, by: 8) {
      let word: UInt64 =
        switch random.below(8) {
        case 0...2: 0
        case 3...4: random.below(256)
        case 5...6: 0xffff_8880_0000_0000 + random.below(1 << 22) << 6
        default: random.next()
        }
      for byte in 0..<8 { page[place + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
    }
    return page
  }

  private static func text(seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    let words = ["usb", "device", "pci 0000:00:1f.2", "ACPI", "[mem 0xfeb00000-0xfebfffff]", "enabled", "\n"]
    var text: [UInt8] = []
    while text.count < size { text += Array(words[Int(random.below(UInt64(words.count)))].utf8) + [0x20] }
    return Array(text.prefix(size))
  }

  private static func sparse(seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var page = [UInt8](repeating: 0, count: size)
    for _ in 0..<24 { page[Int(random.below(UInt64(size)))] = UInt8(truncatingIfNeeded: random.next()) }
    return page
  }

  static func noise(seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  /// - Returns: nil where the page is stored raw.
  static func compressed(_ page: [UInt8], by codec: Codec) throws -> [UInt8]? {
    var compressor = try PageCompressor(codec)
    var output = [UInt8](
      repeating: 0, count: PageCompressor.outputBound(codec: codec, pageSize: page.count))
    var elements = output.mutableSpan
    var room = elements.mutableBytes
    return compressor.compress(page.span.bytes, into: &room).map { Array(output[..<$0]) }
  }
}
