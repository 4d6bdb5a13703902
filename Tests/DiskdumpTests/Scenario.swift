import DumpFixtures
import DumpJudge
import DumpMemory
import KernelModel
import PageCompression
import Platform

@testable import Diskdump

/// A machine's memory made of a seed, and the calls that bring it into a dump.
struct Scenario {
  var seed: UInt64 = 1
  var maxMapNumber: UInt64 = 4000
  var existing: [Range<PFN>] = [PFN(0)..<PFN(4000)]
  /// Frames to dump, in order.
  var dumpable: [UInt64] = Array(0..<4000)
  /// Of them, those that cannot be read.
  var unreadable: Set<UInt64> = []
  var codec = Codec.zlib
  var dumpLevel: Int32 = 1
  var blockSize = 4096
  var batch = 100
  var noteText = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n"
  var processors = 2

  /// Frames that come out.
  var expected: [UInt64] { dumpable.filter { !unreadable.contains($0) } }

  /// A random layout: holes, dense and sparse runs, and an end anywhere.
  static func random(seed: UInt64, codec: Codec, dumpLevel: Int32) -> Scenario {
    var generator = SeededGenerator(seed: seed)
    var scenario = Scenario(seed: seed, codec: codec, dumpLevel: dumpLevel)
    scenario.existing = []
    scenario.dumpable = []
    var at = generator.below(100)
    for _ in 0..<1 + generator.below(8) {
      let length = 1 + generator.below(300)
      scenario.existing.append(PFN(at)..<PFN(at + length))
      let keepOneIn = 1 + generator.below(4)
      for pfn in at..<at + length where generator.oneIn(keepOneIn) { scenario.dumpable.append(pfn) }
      at += length + 1 + (generator.oneIn(3) ? generator.below(200_000) : generator.below(100))
    }
    scenario.maxMapNumber = max(at - generator.below(2), scenario.existing.last!.upperBound.rawValue)
    scenario.batch = 1 + Int(generator.below(256))
    scenario.processors = 1 + Int(generator.below(40))
    scenario.noteText += String(repeating: "SYMBOL(x)=ffffffff81000000\n", count: Int(generator.below(400)))
    return scenario
  }

  // MARK: - The machine

  /// Pages are made once: some tests write the same dump hundreds of times.
  private final class Memory {
    var pages: [UInt64: [UInt8]] = [:]
    var stored: [UInt64: (page: StoredPage, data: [UInt8])] = [:]
  }

  private let memory = Memory()

  func content(_ pfn: UInt64) -> [UInt8] {
    if let page = memory.pages[pfn] { return page }
    let page = makeContent(pfn)
    memory.pages[pfn] = page
    return page
  }

  private func makeContent(_ pfn: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed &* 1_000_003 &+ pfn)
    var page = [UInt8](repeating: 0, count: blockSize)
    let kind = generator.below(4)
    if kind == 0 { return page }
    let filled = kind == 1 ? blockSize : 1 + Int(generator.below(UInt64(blockSize)))
    let step = kind == 3 ? 97 : 8
    for index in stride(from: 0, to: filled, by: step) {
      page[index] = UInt8(truncatingIfNeeded: generator.next())
    }
    // A page's own number makes every page different from its neighbours.
    for byte in 0..<8 { page[byte] = UInt8(truncatingIfNeeded: pfn >> (8 * byte)) ^ 0xa5 }
    if kind == 1 { for index in 8..<blockSize { page[index] = UInt8(truncatingIfNeeded: generator.next()) } }
    return page
  }

  var notes: [UInt8] {
    (0..<processors).flatMap { ELFNote.prstatus(cpu: $0).bytes } + ELFNote.vmcoreinfo(noteText).bytes
  }

  var vmcoreinfo: Range<Int> {
    let header = 12 + 12
    let start = (0..<processors).reduce(0) { $0 + ELFNote.prstatus(cpu: $1).bytes.count } + header
    return start..<start + noteText.utf8.count
  }

  var description: DumpDescription {
    DumpDescription(
      DumpFacts(
        utsname: UtsName(
          nodeName: "crashed", release: "6.1.0-test", version: "#1 SMP", machine: "x86_64",
          domainName: "(none)"),
        crashTime: 1_700_000_000, processorCount: Int32(processors),
        physicalBase: UInt64(bitPattern: -0x1000_0000), dumpLevel: DumpLevel(rawValue: Int(dumpLevel))),
      codec: codec, vmcoreinfo: vmcoreinfo, blockSize: blockSize)
  }

  func bitmap(of frames: [UInt64]) throws -> PFNBitmap {
    var bitmap = try PFNBitmap(maxMapNumber: maxMapNumber)
    for pfn in frames { bitmap.insert(PFN(pfn)..<PFN(pfn + 1)) }
    return bitmap
  }

  // MARK: - The dump

  func writer(_ path: String, sizeLimit: UInt64? = nil) throws -> DiskdumpWriter {
    try DiskdumpWriter(
      description,
      to: DumpOutput(file: FileDescriptor.create(path, replacing: true), sizeLimit: sizeLimit))
  }

  func begin(_ writer: inout DiskdumpWriter) throws {
    try writer.begin(
      notes: CoreNotes(notes), existing: PFNRanges(existing, maxMapNumber: maxMapNumber),
      dumpable: bitmap(of: dumpable))
  }

  func append(_ pfns: some Sequence<UInt64>, to writer: inout DiskdumpWriter) throws {
    let (data, pages) = try stored(pfns)
    try writer.append(data: data.span.bytes, pages: pages.span)
  }

  func appendAll(_ writer: inout DiskdumpWriter, after: (Int) throws -> Void = { _ in }) throws {
    for start in stride(from: 0, to: dumpable.count, by: batch) {
      let end = min(start + batch, dumpable.count)
      try append(dumpable[start..<end], to: &writer)
      try after(end)
    }
  }

  func finish(_ writer: inout DiskdumpWriter) throws {
    try writer.finish(dumpable: bitmap(of: expected))
  }

  /// Writes the whole dump.
  func write(_ path: String) throws {
    var writer = try writer(path)
    try run(&writer)
  }

  func run(_ writer: inout DiskdumpWriter) throws {
    try begin(&writer)
    try appendAll(&writer)
    try finish(&writer)
  }

  /// What a worker makes of pages.
  func stored(_ pfns: some Sequence<UInt64>) throws -> (data: [UInt8], pages: [StoredPage]) {
    var compressor = try PageCompressor(codec, pageSize: blockSize)
    var data: [UInt8] = []
    var pages: [StoredPage] = []
    for pfn in pfns {
      let stored = memory.stored[pfn] ?? store(pfn, &compressor)
      memory.stored[pfn] = stored
      data += stored.data
      pages.append(stored.page)
    }
    return (data, pages)
  }

  private func store(
    _ pfn: UInt64, _ compressor: inout PageCompressor
  ) -> (page: StoredPage, data: [UInt8]) {
    if unreadable.contains(pfn) { return (.unreadable, []) }
    let page = content(pfn)
    if dumpLevel & 1 != 0, isZeroPage(page.span.bytes) { return (.zero, []) }
    var output = [UInt8](
      repeating: 0, count: PageCompressor.outputBound(codec: codec, pageSize: blockSize))
    var elements = output.mutableSpan
    var bytes = elements.mutableBytes
    guard let length = compressor.compress(page.span.bytes, into: &bytes) else {
      return (.data(size: UInt32(blockSize), flags: .raw), page)
    }
    return (.data(size: UInt32(length), flags: codec.flags), Array(output[..<length]))
  }
}
