import DumpFixtures
import DumpJudge
import PageCompression
import Testing

@Suite("Page compression")
struct PageCompressorTests {
  @Test(
    "What a codec makes of a page, its own library makes the page of again",
    arguments: Codec.allCases, TestPage.allCases)
  func roundTrip(codec: Codec, kind: TestPage) throws {
    var compressor = try PageCompressor(codec)
    let inflater = PageInflater(pageSize: 4096)
    for seed in UInt64(0)..<20 {
      let page = kind.bytes(seed: seed)
      let (stored, guardsHold) = compress(page, with: &compressor)
      #expect(guardsHold, "wrote outside its output, seed \(seed)")
      guard let stored else { continue }
      #expect(stored.count < page.count)
      let back = try stored.withUnsafeBytes { stored throws(PageInflater.Failure) in
        try inflater.inflate(stored, flags: descriptorFlags(codec))
      }
      #expect(Array(back) == page, "seed \(seed)")
    }
  }

  @Test(
    "Every level's page is read by the codec's library",
    arguments: [Codec.zlib, .zstd])
  func levels(codec: Codec) throws {
    let inflater = PageInflater(pageSize: 4096)
    let page = TestPage.text.bytes(seed: 3)
    var sizes: [Int] = []
    for level in try #require(codec.levels) {
      var compressor = try PageCompressor(codec, level: level)
      let stored = try #require(compress(page, with: &compressor).stored)
      sizes.append(stored.count)
      let back = try stored.withUnsafeBytes { stored throws(PageInflater.Failure) in
        try inflater.inflate(stored, flags: descriptorFlags(codec))
      }
      #expect(Array(back) == page, "level \(level)")
    }
    #expect(try #require(sizes.last) < #require(sizes.first))
  }

  @Test("A page that does not become smaller is stored raw", arguments: Codec.allCases)
  func rawRule(codec: Codec) throws {
    var compressor = try PageCompressor(codec)
    for seed in UInt64(0)..<20 {
      #expect(compress(TestPage.random.bytes(seed: seed), with: &compressor).stored == nil)
    }
  }

  @Test(
    "Every codec makes zero pages, text and half-empty pages smaller",
    arguments: [Codec.zlib, .lzo, .snappy, .zstd], [TestPage.zero, .text, .half, .oneByte])
  func shrinks(codec: Codec, kind: TestPage) throws {
    var compressor = try PageCompressor(codec)
    let stored = try #require(compress(kind.bytes(seed: 1), with: &compressor).stored)
    #expect(stored.count < 3000)
  }

  @Test(
    "A page just short of compressible is raw or smaller than a page, never as large",
    arguments: Codec.allCases)
  func boundary(codec: Codec) throws {
    var compressor = try PageCompressor(codec)
    var sawRaw = false
    for zeros in stride(from: 0, through: 256, by: 1) {
      var page = TestPage.random.bytes(seed: 7)
      for index in 4096 - zeros..<4096 { page[index] = 0 }
      let stored = compress(page, with: &compressor).stored
      if let stored { #expect(stored.count < 4096) } else { sawRaw = true }
    }
    #expect(sawRaw)
  }

  @Test("No codec compresses nothing", arguments: TestPage.allCases)
  func none(kind: TestPage) throws {
    var compressor = try PageCompressor(.none)
    #expect(compress(kind.bytes(seed: 1), with: &compressor).stored == nil)
    #expect(PageCompressor.outputBound(codec: .none, pageSize: 4096) == 0)
  }

  @Test("The zlib format has its two-byte header and no dictionary", arguments: [TestPage.zero, .text])
  func zlibHeader(kind: TestPage) throws {
    var compressor = try PageCompressor(.zlib)
    let stored = try #require(compress(kind.bytes(seed: 3), with: &compressor).stored)
    #expect(stored[0] & 0x0f == 8, "not deflate")
    #expect((Int(stored[0]) << 8 | Int(stored[1])) % 31 == 0, "header checksum")
    #expect(stored[1] & 0x20 == 0, "a preset dictionary")
  }

  @Test("A zstd page is one frame that states its content size")
  func zstdFrame() throws {
    var compressor = try PageCompressor(.zstd)
    let stored = try #require(compress(TestPage.text.bytes(seed: 3), with: &compressor).stored)
    #expect(Array(stored[..<4]) == [0x28, 0xb5, 0x2f, 0xfd])
    // Single segment with a two-byte content size, which counts from 256.
    #expect(stored[4] & 0xe0 == 0x60)
    #expect(Int(stored[5]) + Int(stored[6]) << 8 + 256 == 4096)
  }

  @Test(
    "A compressor gives the same bytes for a page whatever it compressed before", arguments: Codec.allCases)
  func reuse(codec: Codec) throws {
    var generator = SeededGenerator(seed: 11)
    let pages = (0..<40).map { TestPage.allCases.randomElement(using: &generator)!.bytes(seed: UInt64($0)) }
    var reused = try PageCompressor(codec)
    for page in pages + pages.reversed() {
      var fresh = try PageCompressor(codec)
      #expect(compress(page, with: &reused).stored == compress(page, with: &fresh).stored)
    }
  }

  @Test("A page of one byte over and over is the same whether or not it was kept", arguments: Codec.allCases)
  func filledPages(codec: Codec) throws {
    var compressor = try PageCompressor(codec)
    let inflater = PageInflater(pageSize: 4096)
    for round in 0..<2 {
      for fill in UInt8.min...UInt8.max {
        var page = [UInt8](repeating: fill, count: 4096)
        // What only begins so is another page.
        for other in [false, true] {
          if other { page[4095 - Int(fill)] ^= 1 }
          var fresh = try PageCompressor(codec)
          let (stored, guardsHold) = compress(page, with: &compressor)
          #expect(guardsHold && stored == compress(page, with: &fresh).stored, "\(fill) \(round)")
          guard let stored else {
            #expect(codec == .none)
            continue
          }
          let back = try stored.withUnsafeBytes { stored throws(PageInflater.Failure) in
            try inflater.inflate(stored, flags: descriptorFlags(codec))
          }
          #expect(Array(back) == page)
        }
      }
    }
  }

  @Test("Pages of other machines' sizes work too", arguments: Codec.allCases, [16384, 65536])
  func largePages(codec: Codec, pageSize: Int) throws {
    var compressor = try PageCompressor(codec, pageSize: pageSize)
    let inflater = PageInflater(pageSize: pageSize)
    for kind in TestPage.allCases {
      let page = kind.bytes(seed: 5, pageSize: pageSize)
      let (stored, guardsHold) = compress(page, with: &compressor)
      #expect(guardsHold)
      guard let stored else { continue }
      let back = try stored.withUnsafeBytes { stored throws(PageInflater.Failure) in
        try inflater.inflate(stored, flags: descriptorFlags(codec))
      }
      #expect(Array(back) == page)
    }
  }
}
