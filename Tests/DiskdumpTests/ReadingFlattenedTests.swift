import DumpFixtures
import DumpMemory
import KernelModel
import Platform
import Testing

@testable import Diskdump

@Suite("A flattened stream is read as the file that it would be rearranged to")
struct ReadingFlattenedTests {
  private func read(_ stream: [UInt8]) throws -> (bytes: [UInt8], isWhole: Bool) {
    let file = try TemporaryFile(stream)
    let input = try InputFile(opening: file.path)
    let isFlattened = input.isFlattened
    #expect(isFlattened)
    var generator = SeededGenerator(seed: UInt64(stream.count))
    var bytes: [UInt8] = []
    // In pieces of any size, as records do not know of them.
    while true {
      var piece = [UInt8](repeating: 0xa5, count: 1 + Int(generator.below(5000)))
      let count = try {
        var elements = piece.mutableSpan
        var span = elements.mutableBytes
        return try input.read(into: &span, at: FileOffset(UInt64(bytes.count)))
      }()
      bytes += piece.prefix(count)
      if count < piece.count { break }
    }
    let size = input.size
    #expect(UInt64(bytes.count) == size)
    return (bytes, input.isWhole)
  }

  @Test("Records in any order, with gaps and overlaps: the later one counts", arguments: 0..<UInt64(60))
  func anyOrder(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var builder = FlattenedBuilder()
    var model: [UInt8] = []
    let places = 1 + generator.below(40_000)
    for _ in 0..<1 + generator.below(60) {
      let offset = Int(generator.below(places))
      let data = (0..<1 + generator.below(3000)).map { _ in UInt8(generator.below(256)) }
      builder.add(data, at: offset)
      while model.count < offset + data.count { model.append(0) }
      model.replaceSubrange(offset..<offset + data.count, with: data)
    }
    builder.end()
    builder.bytes += [1, 2, 3]
    let (bytes, isWhole) = try read(builder.bytes)
    #expect(bytes == model)
    #expect(isWhole)

    // What is no data is zero, and what is data comes from records.
    let file = try TemporaryFile(builder.bytes)
    let input = try InputFile(opening: file.path)
    var at: UInt64 = 0
    let end = UInt64(model.count) + 100
    while at < end {
      let data = input.nextData(in: at..<end)
      let gap = min(Int(at), model.count)..<min(Int(data.lowerBound), model.count)
      #expect(model[gap].allSatisfy { $0 == 0 })
      #expect(data.isEmpty ? data.lowerBound == end : data.upperBound <= UInt64(model.count))
      at = data.upperBound
    }
  }

  @Test("A stream without its end record was cut; what there is can be read")
  func cut() throws {
    var builder = FlattenedBuilder()
    builder.add([1, 2, 3, 4], at: 0)
    builder.add([5, 6, 7, 8], at: 4)
    #expect(try read(builder.bytes) == ([1, 2, 3, 4, 5, 6, 7, 8], false))
    #expect(try read(builder.bytes.dropLast(2)) == ([1, 2, 3, 4, 5, 6], false))
    #expect(try read(builder.bytes.dropLast(4)) == ([1, 2, 3, 4], false))
    #expect(try read(builder.bytes.dropLast(10)) == ([1, 2, 3, 4], false))
    #expect(try read(Array(builder.bytes.prefix(4096))) == ([], false))
  }

  @Test("Behind impossible numbers nothing is read")
  func damaged() throws {
    for (offset, count) in [(-2, 4), (0, 0), (0, -1), (-1, 4), (.max, 4), (4, .max)] as [(Int64, Int64)] {
      var builder = FlattenedBuilder()
      builder.add([1, 2, 3, 4], at: 0)
      builder.append(offset)
      builder.append(count)
      builder.add([9, 9, 9, 9], at: 4)
      builder.end()
      let (bytes, isWhole) = try read(builder.bytes)
      #expect(bytes == [1, 2, 3, 4] && !isWhole)
    }
  }

  @Test("Another version, and more records than anybody writes, are refused")
  func refused() throws {
    var other = FlattenedBuilder()
    other.bytes[31] = 2
    other.end()
    let file = try TemporaryFile(other.bytes)
    #expect(throws: VmcoreError.self) { _ = try InputFile(opening: file.path) }
    var many = FlattenedBuilder()
    for offset in 0..<80_000 { many.add([0], at: offset) }
    let bomb = try TemporaryFile(many.bytes)
    #expect(throws: VmcoreError.self) { _ = try InputFile(opening: bomb.path) }
  }

  @Test("A flattened dump has the pages of the plain one", arguments: 0..<UInt64(6))
  func dump(seed: UInt64) throws {
    let scenario = Scenario.random(seed: seed, codec: .lzo, dumpLevel: 1)
    let image = try DumpImage(scenario)
    var generator = SeededGenerator(seed: seed)
    var pieces: [Range<Int>] = []
    var at = 0
    while at < image.bytes.count {
      let end = min(at + 1 + Int(generator.below(30_000)), image.bytes.count)
      pieces.append(at..<end)
      at = end
    }
    if seed > 0 { pieces.shuffle(using: &generator) }
    var builder = FlattenedBuilder()
    for piece in pieces { builder.add(image.bytes[piece], at: piece.lowerBound) }
    builder.end()
    let opened = try OpenedDump(builder.bytes)
    #expect(opened.memory.isComplete)
    #expect(opened.memory.warnings.isEmpty)
    #expect(try opened.framesInFile == scenario.expected)
    var reader = try MemoryReader.sequential(opened.memory)
    #expect(scenario.expected.allSatisfy { PageReading.of($0, &reader) == .page(scenario.content($0)) })
  }

  /// Makes a dump one of a machine with 256 TiB of addresses: its bitmaps are longer, and what is added is never written.
  private func stretched(
    _ image: DumpImage
  ) -> (dump: DumpImage, pieces: [(at: Int, bytes: ArraySlice<UInt8>)]) {
    var dump = image
    let frames: UInt64 = 1 << 36
    let bitmapBytes = Int(frames / 8)
    dump[440] = UInt32.max
    dump[4096 + 96] = frames
    dump[436] = UInt32(2 * bitmapBytes / image.blockSize)
    let moved = 2 * (bitmapBytes - image.bitmapBytes)
    let pages = (0..<Int(image.bitmapBytes * 8)).count {
      image.bytes[image.secondBitmap + $0 / 8] >> UInt8($0 % 8) & 1 == 1
    }
    for page in 0..<pages { dump[image.descriptors + page * 24] += UInt64(moved) }
    return (
      dump,
      [
        (0, dump.bytes[..<image.secondBitmap]),
        (image.firstBitmap + bitmapBytes, dump.bytes[image.secondBitmap..<image.descriptors]),
        (image.descriptors + moved, dump.bytes[image.descriptors...]),
      ]
    )
  }

  @Test("Bitmaps of 16 GiB that were hardly written are read at once")
  func hardlyWritten() throws {
    let scenario = Scenario.random(seed: 3, codec: .zlib, dumpLevel: 1)
    let pieces = stretched(try DumpImage(scenario)).pieces
    var builder = FlattenedBuilder()
    for piece in pieces { builder.add(piece.bytes, at: piece.at) }
    builder.end()
    let opened = try OpenedDump(builder.bytes)
    #expect(opened.memory.isComplete)
    #expect(try opened.framesInFile == scenario.expected)
    var reader = try MemoryReader.sequential(opened.memory)
    #expect(scenario.expected.allSatisfy { PageReading.of($0, &reader) == .page(scenario.content($0)) })
    #expect(try PageChecker(opened.memory).run(threads: 2) { _, _, _ in }.isSound)
  }

  @Test("So are those with a record here and there")
  func scattered() throws {
    let scenario = Scenario.random(seed: 4, codec: .zlib, dumpLevel: 1)
    let (dump, pieces) = stretched(try DumpImage(scenario))
    var builder = FlattenedBuilder()
    for piece in pieces { builder.add(piece.bytes, at: piece.at) }
    // A frame in each of 1900 places, 4 MiB of the first bitmap apart, of which no page was dumped.
    for place in 1...1_900 { builder.add([1], at: dump.firstBitmap + place << 22) }
    builder.end()
    let opened = try OpenedDump(builder.bytes)
    #expect(opened.memory.frames.contains(PFN(1_900 << 25)))
    #expect(!opened.memory.frames.contains(PFN(1_900 << 25 + 1)))
    #expect(try opened.framesInFile == scenario.expected)
  }
}
