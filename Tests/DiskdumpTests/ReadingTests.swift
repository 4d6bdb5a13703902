import DumpFixtures
import DumpMemory
import KernelModel
import PageCompression
import Testing

@testable import Diskdump

@Suite("A kdump-compressed dump is read as the memory that it was made of")
struct ReadingTests {
  static let codecs: [Codec] = [.none, .zlib, .lzo, .snappy, .zstd]

  private func expectPages(
    of opened: OpenedDump, _ scenario: Scenario, present: Set<UInt64>? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let present = present ?? Set(scenario.expected)
    let existing = PFNRanges(scenario.existing, maxMapNumber: scenario.maxMapNumber)
    #expect(opened.memory.frames.ranges == existing.ranges, sourceLocation: sourceLocation)
    #expect(try opened.framesInFile == present.sorted(), sourceLocation: sourceLocation)
    var sequential = try MemoryReader.sequential(opened.memory)
    var scattered = try MemoryReader.scattered(opened.memory)
    var generator = SeededGenerator(seed: scenario.seed)
    var wrong: [UInt64] = []
    // Every frame of memory, and those around its borders.
    for range in existing.ranges {
      for pfn in range.lowerBound.rawValue - min(2, range.lowerBound.rawValue)..<range.upperBound.rawValue + 2
      {
        let expected: PageReading =
          present.contains(pfn)
          ? .page(scenario.content(pfn)) : existing.contains(PFN(pfn)) ? .notInFile : .hole
        if PageReading.of(pfn, &sequential) != expected { wrong.append(pfn) }
      }
    }
    for _ in 0..<200 {
      let pfn = generator.pick(scenario.dumpable)
      let expected: PageReading = present.contains(pfn) ? .page(scenario.content(pfn)) : .notInFile
      if PageReading.of(pfn, &scattered) != expected { wrong.append(pfn) }
    }
    #expect(wrong.isEmpty, sourceLocation: sourceLocation)
  }

  @Test("Any layout, any codec, shared zeros or not", arguments: codecs, 0..<UInt64(6))
  func layouts(codec: Codec, seed: UInt64) throws {
    let scenario = Scenario.random(seed: seed, codec: codec, dumpLevel: Int32(seed % 2))
    try expectPages(of: DumpImage(scenario).open(), scenario)
  }

  @Test("Every header version from 1 on; what a version lacks is not looked for", arguments: Int32(1)...6)
  func versions(version: Int32) throws {
    let scenario = Scenario.random(seed: 3, codec: .lzo, dumpLevel: 1)
    var image = try DumpImage(scenario)
    image.setVersion(version)
    let opened = try image.open()
    try expectPages(of: opened, scenario)
    let origin = try #require(opened.memory.origin)
    #expect(origin.dumpLevel == .zeroPages)
    #expect(origin.physicalBase == UInt64(bitPattern: -0x1000_0000))
    #expect(origin.crashTime == 1_700_000_000)
    #expect(origin.utsname.release == "6.1.0-test")
    #expect(Int(origin.processorCount) == scenario.processors)
    #expect(opened.memory.vmcoreinfo()?.text == (version >= 3 ? scenario.noteText : nil))
    #expect(opened.memory.notes.processorCount == (version >= 4 ? scenario.processors : 0))
  }

  @Test("Versions, machines and blocks that cannot be read are refused by name")
  func refusals() throws {
    let image = try DumpImage(Scenario())
    func refusal(_ change: (inout DumpImage) -> Void) throws -> String {
      var changed = image
      change(&changed)
      let file = try TemporaryFile(changed.bytes)
      do throws(VmcoreError) {
        _ = try PhysicalMemory(opening: file.path, prefersMapping: true)
        return "accepted"
      } catch { return error.description }
    }
    #expect(try refusal { $0[8] = 0 as Int32 }.contains("does not have a dump_level member"))
    #expect(try refusal { $0[8] = 7 as Int32 }.contains("header_version 7"))
    #expect(
      try refusal { $0.bytes.replaceSubrange(272..<280, with: Array("riscv64\0".utf8)) }.contains("riscv64"))
    for size in [0, 1, 512, 4097, 1 << 20, -4096] as [Int32] {
      #expect(try refusal { $0[428] = size }.contains("block_size is \(size)"))
    }
    #expect(try refusal { $0[4096 + 96] = UInt64.max }.contains("max_mapnr"))
    #expect(try refusal { $0[8] = (6 as Int32).byteSwapped }.contains("big-endian machine"))
    #expect(try refusal { $0[436] = 0 as UInt32 }.contains("bitmap_blocks is 0"))
    #expect(try refusal { $0[436] = UInt32.max }.contains("ends in its bitmaps"))
    #expect(try refusal { $0[432] = Int32.max }.contains("ends in its bitmaps"))
    #expect(
      try refusal { $0.bytes.removeLast($0.bytes.count - $0.secondBitmap - 1) }.contains(
        "ends in its bitmaps"))
    #expect(try refusal { $0.bytes.removeLast($0.bytes.count - 460) }.contains("ends in its header"))
  }

  @Test("Each page may have a codec of its own")
  func mixedCodecs() throws {
    let scenario = Scenario.random(seed: 11, codec: .zlib, dumpLevel: 1)
    let others = Self.codecs.map { Scenario.random(seed: 11, codec: $0, dumpLevel: 1) }
    let file = try TemporaryFile([])
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    for (index, pfn) in scenario.dumpable.enumerated() {
      try others[index % others.count].append([pfn], to: &writer)
    }
    try scenario.finish(&writer)
    let store = try KdumpStore(KdumpFile(InputFile(opening: file.path)))
    let survey = try store.survey()
    #expect(survey.zlib > 0 && survey.lzo > 0 && survey.snappy > 0 && survey.zstd > 0 && survey.raw > 0)
    var reader = try MemoryReader.sequential(PhysicalMemory(store))
    #expect(scenario.dumpable.allSatisfy { PageReading.of($0, &reader) == .page(scenario.content($0)) })
  }

  @Test("Pages whose descriptor is zero are missing, and the others are where they were")
  func incomplete() throws {
    let scenario = Scenario.random(seed: 4, codec: .zstd, dumpLevel: 1)
    var image = try DumpImage(scenario)
    var generator = SeededGenerator(seed: 1)
    var present: Set<UInt64> = []
    for (index, pfn) in scenario.dumpable.enumerated() {
      if generator.oneIn(3) {
        for word in 0..<3 { image[image.descriptors + index * 24 + word * 8] = 0 as UInt64 }
      } else {
        present.insert(pfn)
      }
    }
    image[424] = image[424, as: UInt32.self] | 0x08
    let opened = try image.open()
    #expect(!opened.memory.isComplete)
    #expect(opened.memory.warnings.contains { $0.contains("incomplete") })
    try expectPages(of: opened, scenario, present: present)
  }

  @Test("A dump cut anywhere behind its bitmaps has every page before the cut", arguments: codecs)
  func cut(codec: Codec) throws {
    let scenario = Scenario.random(seed: 9, codec: codec, dumpLevel: 1)
    let image = try DumpImage(scenario)
    var generator = SeededGenerator(seed: 2)
    for round in 0..<12 {
      var cut = image
      let room = UInt64(image.bytes.count - image.descriptors)
      let size = round == 0 ? image.bytes.count - 1 : image.descriptors + Int(generator.below(room))
      cut.bytes.removeLast(image.bytes.count - size)
      var present: Set<UInt64> = []
      for (index, pfn) in scenario.dumpable.enumerated() {
        let place = image.descriptors + index * 24
        let end = image[place, as: UInt64.self] + UInt64(image[place + 8, as: UInt32.self])
        if place + 24 <= size, end <= UInt64(size) { present.insert(pfn) }
      }
      let opened = try cut.open()
      #expect(!opened.memory.isComplete)
      #expect(!opened.memory.warnings.isEmpty)
      try expectPages(of: opened, scenario, present: present)
    }
  }

  @Test("One file of a split dump has the pages of its range")
  func split() throws {
    let scenario = Scenario(dumpable: (0..<4000).filter { $0 % 3 != 0 }, codec: .lzo)
    var image = try DumpImage(scenario)
    let (start, end) = (UInt64(640), UInt64(2816))
    let (first, last) = (image.rank(start), image.rank(end))
    // Descriptors of the range only, from the table's start on; their offsets hold.
    let table = image.bytes[(image.descriptors + first * 24)..<(image.descriptors + last * 24)]
    image.bytes.replaceSubrange(image.descriptors..<image.descriptors + table.count, with: Array(table))
    image[4096 + 12] = 1 as Int32
    for place in [16, 80] {
      image[4096 + place] = start
      image[4096 + place + 8] = end
    }
    let opened = try image.open()
    try expectPages(
      of: opened, scenario, present: Set(scenario.dumpable.filter { (start..<end).contains($0) }))
    #expect(opened.memory.warnings.contains { $0.contains("split") })
  }

  @Test("Words and stretches across pages; what is missing stops them")
  func stretches() throws {
    let scenario = Scenario(dumpable: Array(0..<10) + [11], codec: .zlib, dumpLevel: 0)
    let opened = try DumpImage(scenario).open()
    let bytes = (0..<10).flatMap { scenario.content($0) }
    for isSequential in [true, false] {
      var reader =
        isSequential ? try MemoryReader.sequential(opened.memory) : try MemoryReader.scattered(opened.memory)
      for offset in [0, 4093, 4096, 8191, 40952] {
        let expected = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
        let word = try reader.word(PhysicalAddress(UInt64(offset)))
        #expect(word == expected)
      }
      var copy = [UInt8](repeating: 0, count: 20_000)
      do {
        var elements = copy.mutableSpan
        var span = elements.mutableBytes
        try reader.read(PhysicalAddress(5000), into: &span)
      }
      #expect(copy == Array(bytes[5000..<25_000]))
      #expect(try !Self.canRead(30_000, &reader))
    }
  }

  /// Whether 20000 bytes from an address on are all there.
  private static func canRead(_ address: UInt64, _ reader: inout MemoryReader) throws -> Bool {
    var copy = [UInt8](repeating: 0, count: 20_000)
    var elements = copy.mutableSpan
    var span = elements.mutableBytes
    do throws(VmcoreError) {
      try reader.read(PhysicalAddress(address), into: &span)
      return true
    } catch {
      guard case .notInFile = error else { throw error }
      return false
    }
  }

  private static func stored(
    _ pfn: UInt64, as flags: UInt32, _ reader: inout MemoryReader
  ) throws(VmcoreError) -> (form: StoredBytes, data: [UInt8])? {
    var copy = [UInt8](repeating: 0, count: 4096)
    let form = try { () throws(VmcoreError) in
      var elements = copy.mutableSpan
      var bytes = elements.mutableBytes
      return try reader.readStored(PFN(pfn), as: flags, into: &bytes)
    }()
    return form.map { ($0, Array(copy.prefix($0.byteCount))) }
  }

  @Test("Stored bytes are lent as they are, where the codec is the one that is wanted")
  func storedBytes() throws {
    let scenario = Scenario.random(seed: 6, codec: .lzo, dumpLevel: 1)
    let opened = try DumpImage(scenario).open()
    var reader = try MemoryReader.sequential(opened.memory)
    for pfn in scenario.dumpable {
      let (data, pages) = try scenario.stored([pfn])
      let fits = try #require(try Self.stored(pfn, as: 2, &reader))
      switch pages[0] {
      case .data(let size, let flags):
        #expect(fits.form == StoredBytes(byteCount: Int(size), flags: flags.rawValue))
        #expect(fits.data == data)
      case .zero:
        #expect(fits.form == StoredBytes(byteCount: 4096, flags: 0))
        #expect(fits.data.allSatisfy { $0 == 0 })
      case .unreadable:
        Issue.record("the scenario has none")
      }
      // Another compressor has not tried the raw ones.
      #expect(try Self.stored(pfn, as: 1, &reader) == nil)
    }
  }
}
