import DumpMemory
import PageCompression
import Platform

/// A codec over the pages of a dump that are not zero, which lie in memory: what no pipeline around it can be faster than.
enum CodecAlone {
  /// Prints how long it took.
  ///
  /// - Parameter dump: of the pages that a dump level keeps.
  static func run(_ name: String, dump: String) throws {
    guard let codec = Codec.allCases.first(where: { $0.name == name }) else {
      throw MicroFailure("no codec is called \(name)")
    }
    let memory = try PhysicalMemory(opening: dump, prefersMapping: true)
    let frames = try memory.framesInFile()
    let size = memory.geometry.size
    var pages: [UInt8] = []
    pages.reserveCapacity(Int(frames.count) * size)
    var reader = try MemoryReader.sequential(memory)
    var at = frames.next(from: PFN(0))
    while let pfn = at {
      try reader.withPage(pfn) { page in
        if !isZeroPage(page) { unsafe page.withUnsafeBytes { unsafe pages.append(contentsOf: $0) } }
      }
      at = frames.next(from: pfn.advanced(by: 1))
    }
    var compressor = try PageCompressor(codec, pageSize: size)
    var output = [UInt8](repeating: 0, count: PageCompressor.outputBound(codec: codec, pageSize: size))
    var byteCount = 0
    let begin = MonotonicClock.microseconds()
    for place in stride(from: 0, to: pages.count, by: size) {
      var elements = output.mutableSpan
      var room = elements.mutableBytes
      byteCount += compressor.compress(pages.span.bytes.extracting(place..<place + size), into: &room) ?? size
    }
    let time = MonotonicClock.microseconds() - begin
    print("pages \(pages.count / size), \(byteCount) bytes")
    print("seconds \(Double(time) / 1e6)")
  }
}
