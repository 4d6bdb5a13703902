import DumpFixtures
import PageCompression

extension MicroBenchmark {
  private static let compressing: [Codec] = [.zlib, .lzo, .snappy, .zstd]

  static var codecs: [MicroBenchmark] {
    compressing.map { codec in
      MicroBenchmark(name: "\(codec.name)-compress", unit: "page") {
        let pages = SamplePage.mixture
        var compressor = try PageCompressor(codec)
        var output = [UInt8](
          repeating: 0, count: PageCompressor.outputBound(codec: codec, pageSize: SamplePage.size))
        return { times in
          for _ in 0..<times {
            for page in pages {
              var elements = output.mutableSpan
              var room = elements.mutableBytes
              use(compressor.compress(page.span.bytes, into: &room))
            }
          }
          return pages.count
        }
      }
    }
      + compressing.map { codec in
        MicroBenchmark(name: "\(codec.name)-decompress", unit: "page") {
          let stored = try SamplePage.mixture.compactMap { try SamplePage.compressed($0, by: codec) }
          var decompressor = try PageDecompressor()
          var page = [UInt8](repeating: 0, count: SamplePage.size)
          return { times in
            for _ in 0..<times {
              for bytes in stored {
                var elements = page.mutableSpan
                var room = elements.mutableBytes
                guard decompressor.decompress(bytes.span.bytes, codec: codec, into: &room) else {
                  throw MicroFailure("\(codec.name) does not read what it wrote")
                }
              }
            }
            return stored.count
          }
        }
      } + [noise]
  }

  /// Told from others before zlib tries it.
  private static var noise: MicroBenchmark {
    MicroBenchmark(name: "zlib-noise", unit: "page") {
      let page = SamplePage.noise(seed: 5)
      var compressor = try PageCompressor(.zlib)
      var output = [UInt8](
        repeating: 0, count: PageCompressor.outputBound(codec: .zlib, pageSize: SamplePage.size))
      return { times in
        for _ in 0..<times {
          var elements = output.mutableSpan
          var room = elements.mutableBytes
          use(compressor.compress(page.span.bytes, into: &room))
        }
        return 1
      }
    }
  }
}
