import DumpFixtures
import Platform
import Testing
import Vmcore

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
}
