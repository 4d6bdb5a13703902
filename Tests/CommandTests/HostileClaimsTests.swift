import DumpFixtures
import Foundation
import Testing

/// Headers that claim what the file does not hold: time and memory go by what it holds.
@Suite struct HostileClaimsTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Runs the program with 20 seconds and 512 MiB of address space.
  private func run(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.run(
      "/bin/sh",
      [
        "-c",
        "ulimit -c 0; ulimit -v \(ProgramUnderTest.addressSpace(512 << 10)); V='timeout -s KILL \(HostileRun.seconds) \(ProgramUnderTest.path)'; \(line)",
      ],
      in: folder.url)
  }

  private func write(_ image: ELFImage, _ name: String = "core") throws {
    try Data(image.bytes).write(to: folder.url.appending(path: name))
  }

  private func record(_ offset: Int64, _ bytes: [UInt8]?) -> [UInt8] {
    var record: [UInt8] = []
    for number in [offset, Int64(bytes?.count ?? -1)] {
      for shift in stride(from: 56, through: 0, by: -8) {
        record.append(UInt8(truncatingIfNeeded: number >> Int64(shift)))
      }
    }
    return record + (bytes ?? [])
  }

  @Test(
    "A stream of some KB whose segments claim 2 PiB is refused by every verb",
    arguments: ["verify F", "inspect F", "-d 0 F out", "-E -d 1 F out", "--dump-dmesg F out"])
  func flattenedClaim(_ arguments: String) throws {
    var builder = ELFBuilder()
    var segment = ELFSegment(vaddr: 0xffff_8880_0000_0000, paddr: 0, data: [1])
    segment.memorySize = 1 << 51
    segment.claimedFileSize = 1 << 51
    builder.segments = [segment]
    let stream =
      Array("makedumpfile".utf8) + [0, 0, 0, 0] + record(1, nil)[..<8] + record(1, nil)[..<8]
      + [UInt8](repeating: 0, count: 4096 - 32) + record(0, builder.build().bytes) + record(1 << 51, [1])
      + record(-1, nil)
    try Data(stream).write(to: folder.url.appending(path: "F"))
    let run = try run("$V \(arguments)")
    #expect(run.status == 1 && run.errors.contains("PT_LOADs claim"), "\(run)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
  }

  @Test(
    "Memory that is claimed and in no file costs nothing, encrypted or not, and is said",
    arguments: [0, 1 << 47] as [UInt64])
  func absentMemory(mask: UInt64) throws {
    let kernel = SyntheticKernel.withLowMemory(smeMask: mask)
    var builder = kernel.elf()
    builder.segments.append(
      ELFSegment(vaddr: 0xffff_8890_0000_0000, paddr: 1 << 40, data: [], memorySize: 30 << 40))
    try write(builder.build())
    #expect(try run("$V inspect core").status == 0)
    let run = try run("$V -d 31 core out")
    #expect(run.status == 4 && run.errors.contains("bytes of memory that PT_LOADs claim"), "\(run)")
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("out"))
    #expect(try #require(attributes[.size] as? Int) < 16 << 20)
    // A tebibyte may be: it was left out of the vmcore before.
    builder.segments[builder.segments.count - 1].memorySize = 1 << 39
    try write(builder.build())
    #expect(try self.run("$V -f -d 31 core out").status == 0)
  }

  @Test("Impossible segments are one line, however many, and what is made is marked incomplete")
  func impossibleSegments() throws {
    var builder = SyntheticKernel.withLowMemory().elf()
    for index in 0..<500 as Range<UInt64> {
      var segment = ELFSegment(vaddr: 0, paddr: .max - 1 - index, data: [])
      segment.memorySize = 4096
      builder.segments.append(segment)
    }
    try write(builder.build())
    let run = try run("$V -d 0 core out")
    #expect(run.status == 4, "\(run)")
    #expect(run.errors.split(separator: "\n").filter { $0.contains("impossible") }.count == 1, "\(run)")
    #expect(run.errors.contains("500 PT_LOADs are impossible"), "\(run)")
    #expect(try self.run("$V verify out").output.contains("is incomplete"))
  }

  @Test(
    "Numbers at the ends of their range do not trap",
    arguments: [
      ("NUMBER(PG_private)", "-9223372036854775808"), ("SIZE(", "5"), ("OFFSET(.", "9223372036854775807"),
      ("NUMBER(SECTION_SIZE_BITS)", "-9223372036854775808"), ("SYMBOL(init_uts_ns)", "ffffffffffffffff"),
      ("SYMBOL(init_top_pgt)", "ffffffffffffffff"), ("NUMBER(phys_base)", "9223372036854775807"),
      ("LENGTH(zone.free_area)", "9223372036854775807"), ("SYMBOL(mem_section)", "fffffffffffffff8"),
      ("SYMBOL(_stext)", "ffffffffffffffff"), ("SYMBOL(prb)", "ffffffffffffffff"),
    ])
  func numbers(key: String, value: String) throws {
    let kernel = SyntheticKernel.withLowMemory()
    kernel.setKey(key, value)
    try write(kernel.vmcore())
    for arguments in [
      "-f -d 31 core out", "inspect core", "-f --dump-dmesg core out", "-f -F -d 31 core > stream",
    ] {
      let run = try run("$V \(arguments)")
      #expect([0, 1, 4].contains(run.status), "\(arguments): \(run)")
    }
  }

  @Test("Unwind tables of all of the address space are none")
  func unwindTables() throws {
    let kernel = SyntheticKernel.withLowMemory()
    kernel.setKey("SYMBOL(__start_orc_unwind_ip)", "ffffffff81000000")
    kernel.setKey("SYMBOL(__start_orc_unwind)", "8")
    kernel.setKey("SYMBOL(__stop_orc_unwind)", "ffffffffffffffff")
    try write(kernel.vmcore())
    #expect(try run("$V inspect core").status == 0)
  }

  /// A core of 5,000 segments, each of which claims all that it can.
  private func greedyCore(byteCount: UInt64) -> [UInt8] {
    var builder = SyntheticKernel.withLowMemory().elf()
    for _ in 0..<5000 {
      var segment = ELFSegment(vaddr: 0, paddr: 0, data: [], memorySize: byteCount)
      segment.claimedFileSize = byteCount
      segment.claimedOffset = 1 << 50
      builder.segments.append(segment)
    }
    return builder.build().bytes
  }

  @Test("Segments that together claim more bytes than 64 bits count are a dump that is not believed")
  func greedySegments() throws {
    try Data(greedyCore(byteCount: 1 << 52)).write(to: folder.url.appending(path: "core"))
    let run = try run("$V -d 0 core out")
    #expect(run.status == 1 || run.status == 4, "\(run)")
    #expect(try self.run("$V verify core").status == 1)
  }

  @Test("What came of a cut stream is kept, though its segments claim more pages than 64 bits count")
  func greedyStream() throws {
    let stream =
      Array("makedumpfile".utf8) + [0, 0, 0, 0] + record(1, nil)[..<8] + record(1, nil)[..<8]
      + [UInt8](repeating: 0, count: 4096 - 32) + record(0, greedyCore(byteCount: .max))
    try Data(stream).write(to: folder.url.appending(path: "stream"))
    let run = try run("$V -R --keep-partial out < stream")
    #expect(run.status == 4 && run.errors.contains("marked incomplete"), "\(run)")
  }

  @Test("A cut stream whose descriptor has an offset near 2^64 keeps the other pages")
  func descriptorOffset() throws {
    try write(SyntheticKernel.withLowMemory().vmcore())
    #expect(try run("$V -d 0 core dump && $V verify dump").status == 0)
    var dump = try Data(contentsOf: folder.url.appending(path: "dump"))
    func word(_ place: Int) -> Int {
      dump[place..<place + 4].enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    }
    // block_size, sub_hdr_size, bitmap_blocks
    let descriptors = word(428) * (1 + word(432) + word(436))
    dump.replaceSubrange(
      descriptors + 24 * 5..<descriptors + 24 * 5 + 8, with: [0xf5] + [UInt8](repeating: 0xff, count: 7))
    let stream =
      Array("makedumpfile".utf8) + [0, 0, 0, 0] + record(1, nil)[..<8] + record(1, nil)[..<8]
      + [UInt8](repeating: 0, count: 4096 - 32) + record(0, [UInt8](dump))
    try Data(stream).write(to: folder.url.appending(path: "stream"))
    let run = try run("$V -R --keep-partial out < stream")
    #expect(run.status == 4 && run.errors.contains("marked incomplete"), "\(run)")
    let verified = try self.run("$V verify out")
    #expect(verified.status == 1 && verified.output.contains("1 of"), "\(verified)")
  }

  @Test("As many threads as help are started, whatever is asked for", arguments: ["2147483647", "20000"])
  func threads(count: String) throws {
    try write(SyntheticKernel.withLowMemory().vmcore())
    var run = try run("ulimit -v unlimited; $V --num-threads \(count) -l -d 31 core out")
    let said = "threads are started instead of \(count): more bring nothing"
    #expect(run.status == 0 && run.errors.contains(said), "\(run)")
    for verb in ["verify", "bench"] {
      run = try self.run(
        "ulimit -v unlimited; $V \(verb) --num-threads \(count) \(verb == "bench" ? "core" : "out")")
      #expect(run.status == 0 && run.errors.contains(said), "\(verb): \(run)")
    }
    // There is nothing to mend: what counts is what is said before that.
    run = try self.run("ulimit -v unlimited; $V repair --num-threads \(count) out mended")
    #expect(run.errors.contains(said), "\(run)")
    run = try self.run(
      "ulimit -v unlimited; $V --split -d 31 core p1 p2 && $V --reassemble --num-threads \(count) p1 p2 whole"
    )
    #expect(run.status == 0 && run.errors.contains(said), "\(run)")
  }

  @Test("Of a split dump a file without a page is not called one that can be read")
  func splitOntoFullDisk() throws {
    try write(SyntheticKernel.withLowMemory().vmcore())
    let run = try run("$V -f --split -d 31 core /dev/full p2")
    #expect(run.status == 1, "\(run)")
    #expect(run.errors.contains("without a page, and of no use: /dev/full; whole: p2"), "\(run)")
  }
}
