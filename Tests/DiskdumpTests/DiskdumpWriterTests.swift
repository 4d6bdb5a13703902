import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("Writing a dump")
struct DiskdumpWriterTests {
  @Test(
    "Every page of a random layout comes back, and the dump keeps to the format",
    arguments: Codec.allCases, UInt64(0)..<12)
  func randomLayouts(codec: Codec, seed: UInt64) throws {
    let scenario = Scenario.random(seed: seed, codec: codec, dumpLevel: Int32(seed % 2))
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    #expect(dump.breaches() == [])
    #expect(dump.dumped.frames == scenario.dumpable)
    let existing = scenario.existing.flatMap { $0.lowerBound.rawValue..<$0.upperBound.rawValue }
    #expect(dump.existing.frames == existing)
    let inspection = Inspection(dump, of: scenario)
    #expect(inspection.right == scenario.dumpable)
    #expect(inspection.isHonest && inspection.cut.isEmpty)
    #expect(dump.notes == scenario.notes)
    #expect(dump.vmcoreinfo == scenario.noteText)
  }

  @Test("The headers say what they were told")
  func headers() throws {
    let scenario = Scenario(codec: .lzo, dumpLevel: 31)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let header = try KdumpDump(file.path).header
    #expect(header.status == 0x02)
    #expect(header.release == "6.1.0-test" && header.machine == "x86_64")
    #expect(header.seconds == 1_700_000_000 && header.microseconds == 0)
    #expect(header.processorCount == 2 && header.dumpLevel == 31)
    #expect(header.physicalBase == -0x1000_0000)
    #expect(header.maxMapNumber == 4000 && header.maxMapNumber32 == 4000)
  }

  @Test("Descriptors lie in pfn order, and the data of the pages back to back behind them")
  func order() throws {
    let scenario = Scenario(dumpable: Array(stride(from: 3, to: 4000, by: 7)), codec: .snappy, dumpLevel: 0)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    var end = dump.descriptorsOffset + UInt64(scenario.dumpable.count) * 24
    for index in scenario.dumpable.indices {
      let descriptor = try #require(dump.descriptor(index))
      #expect(descriptor.offset == end)
      end += UInt64(descriptor.size)
    }
    #expect(dump.fileSize == end)
  }

  @Test(
    "Zero pages share the first data block, which is there even if no page needs it",
    arguments: [true, false])
  func sharedZeroPage(hasZeroPages: Bool) throws {
    var scenario = Scenario(dumpLevel: 1)
    scenario.dumpable = scenario.dumpable.filter { hasZeroPages || scenario.content($0).contains { $0 != 0 } }
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    let block = dump.descriptorsOffset + UInt64(scenario.dumpable.count) * 24
    #expect(dump.bytes(at: block, count: 4096) == [UInt8](repeating: 0, count: 4096))
    var zeroPages = 0
    for (index, pfn) in scenario.dumpable.enumerated() {
      let descriptor = try #require(dump.descriptor(index))
      if scenario.content(pfn).contains(where: { $0 != 0 }) {
        #expect(descriptor.offset >= block + 4096)
      } else {
        #expect(descriptor == KdumpDump.Descriptor(offset: block, size: 4096, flags: 0, pageFlags: 0))
        zeroPages += 1
      }
    }
    #expect((zeroPages > 0) == hasZeroPages)
  }

  @Test("Without bit 0 of the dump level zero pages are compressed like any other")
  func zeroPagesWithoutBitZero() throws {
    let scenario = Scenario(dumpLevel: 30)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    let index = try #require(scenario.dumpable.firstIndex { scenario.content($0).allSatisfy { $0 == 0 } })
    let descriptor = try #require(dump.descriptor(index))
    #expect(descriptor.flags == 1 && descriptor.size < 100)
  }

  @Test("Until it is finished a dump is marked incomplete, and shows every page appended so far")
  func markedIncomplete() throws {
    let scenario = Scenario()
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    let begun = try KdumpDump(file.path)
    #expect(begun.header.status == 0x09 && begun.breaches() == [])
    try scenario.appendAll(&writer) { count in
      guard count % 500 == 0 else { return }
      let dump = try KdumpDump(file.path)
      #expect(dump.header.isIncomplete && dump.breaches() == [])
      let inspection = Inspection(dump, of: scenario)
      #expect(inspection.right == Array(scenario.dumpable[..<count]) && inspection.isHonest)
    }
    #expect(try KdumpDump(file.path).header.isIncomplete)
    try scenario.finish(&writer)
    #expect(try KdumpDump(file.path).header.status == 0x01)
  }

  @Test("A dump that lacks promised pages is never called complete")
  func tooFewPages() throws {
    let scenario = Scenario()
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    try scenario.append(scenario.dumpable.dropLast(), to: &writer)
    #expect(throws: DumpError.pageCount(written: 3999, promised: 4000)) { try scenario.finish(&writer) }
    writer.abandon()
    let dump = try KdumpDump(file.path)
    #expect(dump.header.isIncomplete)
    #expect(Inspection(dump, of: scenario).cut == [3999])
  }

  @Test("More pages than promised are refused, and the error stays")
  func tooManyPages() throws {
    let scenario = Scenario(dumpable: [1, 2, 3])
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.begin(&writer)
    let error = DumpError.pageCount(written: 4, promised: 3)
    #expect(throws: error) { try scenario.append([1, 2, 3, 4], to: &writer) }
    #expect(throws: error) { try scenario.append([1], to: &writer) }
    #expect(throws: error) { try scenario.finish(&writer) }
  }

  @Test("A dump of no page at all is a dump", arguments: [0, 1])
  func empty(dumpLevel: Int32) throws {
    let scenario = Scenario(dumpable: [], dumpLevel: dumpLevel)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    #expect(dump.breaches() == [] && dump.dumped.count() == 0 && !dump.header.isIncomplete)
  }

  @Test("Blocks may be larger than 4 KiB", arguments: [16384, 65536, 131072])
  func largeBlocks(blockSize: Int) throws {
    var scenario = Scenario.random(seed: 9, codec: .zstd, dumpLevel: 1)
    scenario.dumpable = Array(scenario.dumpable.prefix(60))
    scenario.blockSize = blockSize
    let file = TemporaryPath()
    try scenario.write(file.path)
    let dump = try KdumpDump(file.path)
    #expect(dump.breaches() == [])
    #expect(Inspection(dump, of: scenario).right == scenario.dumpable)
  }

  @Test("Counting only gives the bytes that a file would get", arguments: Codec.allCases, [Int32(0), 1])
  func counting(codec: Codec, dumpLevel: Int32) throws {
    let scenario = Scenario.random(seed: 5, codec: codec, dumpLevel: dumpLevel)
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.run(&writer)
    var counter = try DiskdumpWriter(scenario.description, to: DumpOutput())
    try scenario.run(&counter)
    #expect(counter.bytesWritten == writer.bytesWritten)
    #expect(counter.fileSize == writer.fileSize)
    let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? UInt64
    #expect(writer.fileSize == size)
    #expect(writer.bytesWritten <= writer.fileSize)
  }

  @Test("What the file held before does not show through")
  func overwritten() throws {
    let scenario = Scenario.random(seed: 3, codec: .none, dumpLevel: 0)
    let file = TemporaryPath()
    try Data(repeating: 0xff, count: 3 << 20).write(to: URL(fileURLWithPath: file.path))
    var writer = try DiskdumpWriter(
      scenario.description, to: DumpOutput(file: FileDescriptor.create(file.path, replacing: true)))
    try scenario.run(&writer)
    let dump = try KdumpDump(file.path)
    #expect(dump.breaches() == [])
    #expect(Inspection(dump, of: scenario).right == scenario.dumpable)
  }

  @Test("A device takes a dump as well")
  func device() throws {
    let scenario = Scenario()
    var writer = try scenario.writer("/dev/null")
    try scenario.run(&writer)
    // No holes there: the clear part of the bitmaps is written too.
    #expect(writer.bytesWritten == writer.fileSize)
  }
}
