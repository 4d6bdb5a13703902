import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import Diskdump

@Suite("A damaged dump is refused or read as far as it is sound")
struct ReadingHostileTests {
  @Test(
    "Changed at random, it never ends the program nor makes it read elsewhere", arguments: 0..<UInt64(200))
  func mutations(seed: UInt64) throws {
    let scenario = Self.scenario
    var image = Self.image
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<1 + generator.below(6) { Self.change(&image, scenario, &generator) }
    let bytes = generator.oneIn(4) ? Self.flattened(image.bytes, &generator) : image.bytes
    let file = try TemporaryFile(bytes)
    guard let memory = try? PhysicalMemory(opening: file.path, prefersMapping: true) else { return }
    guard let frames = try? memory.framesInFile() else { return }
    var reader = try MemoryReader.sequential(memory)
    var pages = 0
    var next = frames.next(from: PFN(0))
    while let pfn = next, pages < 5000 {
      pages += 1
      if case .page(let bytes) = PageReading.of(pfn.rawValue, &reader) { #expect(bytes.count == 4096) }
      next = frames.next(from: pfn.advanced(by: 1))
    }
    var scattered = try MemoryReader.scattered(memory)
    for _ in 0..<100 { _ = PageReading.of(generator.below(1 << 41), &scattered) }
    let check = try PageChecker(memory).run(threads: 2) { _, _, _ in }
    #expect(check.missing + check.damaged + check.unreadable <= check.pages)
  }

  @Test("A page whose bytes are damaged is found, and named")
  func damagedPage() throws {
    var image = Self.image
    let scenario = Self.scenario
    let pfn = scenario.dumpable.first { pfn in
      let place = image.descriptors + image.rank(pfn) * 24
      return image[place + 12, as: UInt32.self] != 0
    }
    let place = image.descriptors + image.rank(try #require(pfn)) * 24
    let offset = Int(image[place, as: UInt64.self])
    for index in 0..<8 { image.bytes[offset + index] ^= 0xff }
    let check = try PageChecker(image.open().memory).run(threads: 2) { _, _, _ in }
    #expect(check.damaged == 1 && check.missing == 0 && check.unreadable == 0 && !check.isSound)
    #expect(check.failures.map(\.pfn.rawValue) == [pfn])
    let sound = try PageChecker(Self.image.open().memory).run(threads: 2) { _, _, _ in }
    #expect(sound.isSound && sound.pages == UInt64(scenario.dumpable.count))
  }

  @Test("Descriptors that point into the headers, or have sizes and flags that cannot be, are damage")
  func descriptors() throws {
    let changes: [(String, (inout DumpImage, Int) -> Void)] = [
      ("offset", { $0[$1] = 4096 as UInt64 }),
      ("overflow", { $0[$1] = UInt64.max - 100 }),
      ("flags", { $0[$1 + 12] = 3 as UInt32 }),
      ("unknown flag", { $0[$1 + 12] = 0x40 as UInt32 }),
      ("no size", { $0[$1 + 8] = 0 as UInt32 }),
      ("size", { $0[$1 + 8] = 4097 as UInt32 }),
    ]
    let scenario = Self.scenario
    for (name, change) in changes {
      var image = Self.image
      change(&image, image.descriptors + 5 * 24)
      var reader = try MemoryReader.sequential(image.open().memory)
      #expect(PageReading.of(scenario.dumpable[5], &reader) == .damaged, "\(name)")
      let next = scenario.dumpable[6]
      #expect(PageReading.of(next, &reader) == .page(scenario.content(next)))
    }
  }

  // MARK: - Making it

  private static var scenario: Scenario { Scenario.random(seed: 21, codec: .zlib, dumpLevel: 1) }
  private static let image = try! DumpImage(scenario)

  private static func change(
    _ image: inout DumpImage, _ scenario: Scenario, _ generator: inout SeededGenerator
  ) {
    let numbers: [UInt64] = [
      0, 1, .max, 1 << 31, 1 << 32, 1 << 40, 1 << 41, UInt64(Int64.max), UInt64(image.bytes.count),
      generator.next(),
    ]
    let fields =
      [8, 424, 428, 432, 436, 440] + [0, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96].map { 4096 + $0 }
    switch generator.below(6) {
    case 0:
      image[generator.pick(fields)] = UInt32(truncatingIfNeeded: generator.pick(numbers))
    case 1:
      image[4096 + Int(generator.below(13)) * 8] = generator.pick(numbers)
    case 2:
      let count = UInt64(scenario.dumpable.count)
      image[Self.image.descriptors + Int(generator.below(count * 3)) * 8] = generator.pick(numbers)
    case 3:
      for _ in 0..<50 {
        image.bytes[Int(generator.below(UInt64(image.bytes.count)))] = UInt8(generator.below(256))
      }
    case 4:
      image.bytes.removeLast(Int(generator.below(UInt64(image.bytes.count - 8000))))
    default:
      // Bits of the bitmaps.
      let bit = UInt64(Self.image.firstBitmap * 8) + generator.below(UInt64(Self.image.bitmapBytes * 16))
      image.bytes[Int(bit / 8)] ^= 1 << UInt8(bit % 8)
    }
    // Fields of later changes must have a place.
    while image.bytes.count < Self.image.descriptors + scenario.dumpable.count * 24 { image.bytes.append(0) }
  }

  private static func flattened(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var builder = FlattenedBuilder()
    var at = 0
    while at < bytes.count {
      let count = min(1 + Int(generator.below(20_000)), bytes.count - at)
      builder.add(bytes[at..<at + count], at: at)
      at += count
    }
    builder.end()
    for _ in 0..<generator.below(20) {
      builder.bytes[Int(generator.below(UInt64(builder.bytes.count)))] = UInt8(generator.below(256))
    }
    return builder.bytes
  }
}
