import DumpFixtures
import PageCompression
import Testing

/// Pages of the kinds that memory holds.
enum TestPage: CaseIterable, CustomTestStringConvertible {
  case zero, random, text, half, oneByte

  func bytes(seed: UInt64, pageSize: Int = 4096) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var page = [UInt8](repeating: 0, count: pageSize)
    switch self {
    case .zero:
      break
    case .random:
      for index in page.indices { page[index] = .random(in: 0...255, using: &generator) }
    case .text:
      let words = ["struct", "page", "vmemmap", "0xffff888000000000", "of", "the", "\n"].map {
        Array($0.utf8)
      }
      var text: [UInt8] = []
      while text.count < pageSize { text += words.randomElement(using: &generator)! + [0x20] }
      page = Array(text.prefix(pageSize))
    case .half:
      for index in 0..<pageSize / 2 { page[index] = .random(in: 0...255, using: &generator) }
    case .oneByte:
      page[Int.random(in: 0..<pageSize, using: &generator)] = .random(in: 1...255, using: &generator)
    }
    return page
  }

  var testDescription: String { "a \(self) page" }
}

/// Compresses a page into a buffer of exactly the stated room, between guard bytes.
func compress(
  _ page: [UInt8], with compressor: inout PageCompressor
) -> (stored: [UInt8]?, guardsHold: Bool) {
  let bound = PageCompressor.outputBound(codec: compressor.codec, pageSize: page.count)
  var buffer = [UInt8](repeating: 0xa5, count: bound + 128)
  var elements = buffer.mutableSpan
  var bytes = elements.mutableBytes
  var output = bytes._mutatingExtracting(64..<64 + bound)
  let length = compressor.compress(page.span.bytes, into: &output)
  let guards = buffer[..<64] + buffer[(64 + bound)...]
  return (length.map { Array(buffer[64..<64 + $0]) }, guards.allSatisfy { $0 == 0xa5 })
}

/// The bits of `page_desc.flags`.
func descriptorFlags(_ codec: Codec) -> UInt32 {
  switch codec {
  case .none: 0
  case .zlib: 1
  case .lzo: 2
  case .snappy: 4
  case .zstd: 0x20
  }
}
