import DumpFixtures
import Testing

@testable import PageCompression

@Suite("Pages come back out of their stored bytes, and nothing else does")
struct PageDecompressorTests {
  /// Decompresses into room for a page between guard bytes; nil where the bytes are no page.
  private func decompress(_ stored: [UInt8], _ codec: Codec, pageSize: Int = 4096) throws -> [UInt8]? {
    var decompressor = try PageDecompressor()
    var buffer = [UInt8](repeating: 0xa5, count: pageSize + 128)
    let isPage = {
      var elements = buffer.mutableSpan
      var bytes = elements.mutableBytes
      var page = bytes._mutatingExtracting(64..<64 + pageSize)
      return decompressor.decompress(stored.span.bytes, codec: codec, into: &page)
    }()
    let guards = buffer[..<64] + buffer[(64 + pageSize)...]
    let guardsAreWhole = guards.allSatisfy { $0 == 0xa5 }
    #expect(guardsAreWhole)
    return isPage ? Array(buffer[64..<64 + pageSize]) : nil
  }

  private func store(_ page: [UInt8], _ codec: Codec) throws -> [UInt8]? {
    var compressor = try PageCompressor(codec, pageSize: page.count)
    return compress(page, with: &compressor).stored
  }

  @Test("What a compressor made becomes the page again", arguments: Codec.allCases, TestPage.allCases)
  func roundTrip(codec: Codec, kind: TestPage) throws {
    for seed in 0..<UInt64(20) {
      let page = kind.bytes(seed: seed)
      guard let stored = try store(page, codec) else {
        #expect(try decompress(page, .none) == page)
        continue
      }
      #expect(try decompress(stored, codec) == page)
    }
  }

  @Test("A page of another size is none", arguments: Codec.allCases, [512, 4095, 4097, 8192, 65536])
  func otherSizes(codec: Codec, size: Int) throws {
    let page = [UInt8](repeating: 7, count: size)
    let stored = try store(page, codec) ?? page
    #expect(try decompress(stored, codec) == nil)
  }

  @Test("Nothing, and half of it, are no page", arguments: Codec.allCases)
  func cut(codec: Codec) throws {
    let page = TestPage.text.bytes(seed: 1)
    let stored = try store(page, codec) ?? page
    #expect(try decompress([], codec) == nil)
    #expect(try decompress(Array(stored.prefix(stored.count / 2)), codec) == nil)
  }

  @Test("Damaged bytes never reach behind the page", arguments: Codec.allCases.filter { $0 != .none })
  func damaged(codec: Codec) throws {
    var generator = SeededGenerator(seed: 5)
    for seed in 0..<UInt64(300) {
      guard var stored = try store(generator.pick(TestPage.allCases).bytes(seed: seed), codec) else {
        continue
      }
      for _ in 0..<1 + generator.below(8) {
        stored[Int(generator.below(UInt64(stored.count)))] = UInt8(generator.below(256))
      }
      if generator.oneIn(4) { stored += (0..<generator.below(64)).map { _ in UInt8(generator.below(256)) } }
      // The room's guards are checked, whatever comes out.
      let page = try decompress(stored, codec)
      #expect(page == nil || page?.count == 4096)
    }
  }

  @Test("A bomb of 4 GiB in a few bytes is no page")
  func bombs() throws {
    // A snappy block that claims 2^32 - 1 bytes, and a zstd frame that claims 2^40.
    #expect(try decompress([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x41], .snappy) == nil)
    #expect(
      try decompress([0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x60, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0x41], .zstd)
        == nil)
    // LZO: a run of zeros whose length goes on and on.
    #expect(
      try decompress([0x12, 0x41, 0x20] + [UInt8](repeating: 0, count: 4000) + [1, 0, 0, 0x11, 0, 0], .lzo)
        == nil)
  }

  /// The pipeline looks into no stored page that is longer, to find out whether it is of zeros.
  @Test("A page of zeros takes at most 256 bytes", arguments: Codec.allCases.filter { $0 != .none })
  func zeros(codec: Codec) throws {
    let stored = try #require(try store([UInt8](repeating: 0, count: 4096), codec))
    #expect(stored.count <= 256)
  }
}
