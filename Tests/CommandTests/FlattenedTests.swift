import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("-F and -R: a dump through a pipe and back")
struct FlattenedTests: ShellSuite {
  /// A machine of 32 MiB whose pages are of every kind, as a file.
  static func vmcore() throws -> TemporaryFile {
    var configuration = KernelConfiguration(.v6_1)
    configuration.ram = [0..<6000, 7000..<9000]
    let kernel = SyntheticKernel(configuration)
    for pfn in stride(from: UInt64(100), to: 3000, by: 3) {
      kernel.memory.store([UInt8](repeating: 0, count: 4096), at: pfn << 12)
    }
    return try kernel.vmcore().write()
  }

  let folder: ScratchFolder
  private let vmcore: TemporaryFile

  var core: String { vmcore.path }

  init() throws {
    folder = try ScratchFolder()
    vmcore = try Self.vmcore()
  }

  private func expectSame(_ first: String, _ second: String) throws {
    let one = try Data(contentsOf: folder.url.appending(path: first))
    let other = try Data(contentsOf: folder.url.appending(path: second))
    #expect(one == other, "\(first) \(second)")
  }

  /// Expects two dumps of the same bytes but for the order of the pages' data.
  private func expectSamePages(_ first: String, _ second: String) throws {
    let (one, other) = (try KdumpDump(folder.path(first)), try KdumpDump(folder.path(second)))
    #expect(one.fileSize == other.fileSize && one.descriptorsOffset == other.descriptorsOffset)
    #expect(
      one.bytes(at: 0, count: one.descriptorsOffset) == other.bytes(at: 0, count: other.descriptorsOffset),
      "\(first) \(second)")
    var places = Set<UInt64>()
    for index in 0..<one.dumped.count() {
      let (mine, theirs) = (try #require(one.descriptor(index)), try #require(other.descriptor(index)))
      #expect((mine.size, mine.flags, mine.pageFlags) == (theirs.size, theirs.flags, theirs.pageFlags))
      #expect(
        one.bytes(at: mine.offset, count: UInt64(mine.size))
          == other.bytes(at: theirs.offset, count: UInt64(theirs.size)), "\(first) \(second): \(index)")
      places.insert(theirs.offset)
    }
    #expect(places.count == Set((0..<one.dumped.count()).map { one.descriptor($0)?.offset }).count)
  }

  struct Record {
    var offset: Int
    var range: Range<Int>
  }

  /// The records of a stream, up to its end record.
  private func records(_ name: String) throws -> (records: [Record], isWhole: Bool) {
    let bytes = [UInt8](try Data(contentsOf: folder.url.appending(path: name)))
    #expect(bytes.starts(with: Array("makedumpfile".utf8) + [0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 1]))
    #expect(bytes[32..<4096].allSatisfy { $0 == 0 })
    func number(_ at: Int) -> Int { bytes[at..<at + 8].reduce(0) { $0 << 8 | Int($1) } }
    var at = 4096
    var found: [Record] = []
    while at + 16 <= bytes.count {
      let (offset, size) = (number(at), number(at + 8))
      at += 16
      if offset == -1, size == -1 { return (found, at == bytes.count) }
      found.append(Record(offset: offset, range: at..<at + size))
      at += size
    }
    return (found, false)
  }

  @Test(
    "A stream, rearranged, has the bytes of the file that the same options write, its pages in another order",
    arguments: ["-d 0", "-c -d 1", "-l -d 31", "-z -d 31"])
  func roundTrip(options: String) throws {
    let run = try shell("$v \(options) $core file && $v -F \(options) $core > flat && $v -R back < flat")
    #expect(run.status == 0, "\(run)")
    #expect(run.output.hasSuffix("\nThe dumpfile is saved to back.\n\nvmsieve Completed.\n"))
    try expectSamePages("file", "back")
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("back"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try folder.contents == ["back", "file", "flat"])
  }

  @Test("The stream is the same with any number of threads")
  func threads() throws {
    let run = try shell("for n in 1 2 5; do $v -F -l -d 1 --num-threads $n $core > $n || exit 1; done")
    #expect(run.status == 0)
    try expectSame("1", "2")
    try expectSame("1", "5")
  }

  @Test("No byte of the dump is sent twice, headers go first, and records are few")
  func records() throws {
    #expect(try shell("$v -F -c -d 1 $core > flat").status == 0)
    let (records, isWhole) = try records("flat")
    #expect(isWhole)
    #expect(records[0].offset == 0)
    var end = 0
    for record in records.sorted(by: { $0.offset < $1.offset }) {
      #expect(record.offset >= end)
      end = record.offset + record.range.count
    }
    #expect(records.count < 64)
    // Pages go before the descriptors that speak of them, and lie in the dump in the order in which they go.
    #expect(try shell("$v -R back < flat").status == 0)
    let dump = try KdumpDump(folder.path("back"))
    let descriptors = Int(dump.descriptorsOffset)
    let dataStart = descriptors + dump.dumped.count() * 24
    var sent = dataStart
    for record in records {
      if record.offset >= dataStart {
        #expect(record.offset == sent)
        sent = record.offset + record.range.count
      } else if record.offset >= descriptors {
        #expect((record.offset - descriptors) % 24 == 0)
        for index in 0..<record.range.count / 24 {
          let descriptor = try #require(dump.descriptor((record.offset - descriptors) / 24 + index))
          #expect(descriptor.offset + UInt64(descriptor.size) <= UInt64(sent))
        }
      }
    }
    #expect(UInt64(sent) == dump.fileSize)
  }

  @Test("stdout carries the stream only, and every message is on stderr")
  func messages() throws {
    let run = try shell("$v -F -d 31 --message-level 31 $core > flat")
    #expect(run.status == 0)
    #expect(run.output == "")
    #expect(run.errors.hasSuffix("\nThe dumpfile is saved to STDOUT.\n\nvmsieve Completed.\n"))
    #expect(try records("flat").isWhole)
  }

  @Test("A reader that goes away is an error, and what it has got has no end record")
  func brokenPipe() throws {
    let run = try shell("$v -F -d 0 $core | head -c 3000000 > flat; exit ${PIPESTATUS[0]}")
    #expect(run.status == 1)
    #expect(run.errors.contains("Broken pipe"))
    #expect(run.errors.hasSuffix("\nvmsieve Failed.\n"))
    #expect(try !records("flat").isWhole)
  }

  @Test(
    "A full disk behind stdout is an error", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))
  )
  func fullDisk() throws {
    let run = try shell("$v -F -d 0 $core > /dev/full")
    #expect(run.status == 1)
    #expect(run.errors.contains("No space left on device"))
  }

  @Test(
    "Dumps go between the two programs in all pairings", .enabled(if: MakedumpfileComparisonTests.peer != nil)
  )
  func pairings() throws {
    let peer = try #require(MakedumpfileComparisonTests.peer)
    let run = try shell(
      """
      m='\(peer)'; $v -l -d 1 $core ours; $m -l -d 1 $core theirs >/dev/null
      $v -F -l -d 1 $core > flat1 && $m -R one < flat1 >/dev/null && $v -R two < flat1 &&
      $m -F -l -d 1 $core > flat2 && $m -R three < flat2 >/dev/null && $v -R four < flat2
      """)
    #expect(run.status == 0, "\(run)")
    try expectSamePages("ours", "one")
    try expectSame("one", "two")
    try expectSame("theirs", "three")
    try expectSame("theirs", "four")
  }

  @Test(
    "Nothing, and what is no flattened dump, fail at once and leave nothing",
    arguments: ["/dev/null", "/dev/zero", "/dev/urandom", "/bin/bash"])
  func foreign(input: String) throws {
    // Of processor time: what passes meanwhile is the machine's affair.
    let run = try shell("ulimit -t 1; exec timeout 100 $v -R back < \(input)")
    #expect(run.status == 1)
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    #expect(run.output == "\nvmsieve Failed.\n")
    #expect(try folder.contents == [])
  }

  @Test("What follows the end record does not matter: a partition is larger than the dump")
  func trailingBytes() throws {
    // As kdump writes it raw, and reads it at the next boot.
    let run = try shell(
      """
      head -c 100000000 /dev/urandom > disk; $v -l -d 1 $core file
      $v -l -d 1 $core -F | dd of=disk bs=512 conv=notrunc && $v -R back < disk
      """)
    #expect(run.status == 0, "\(run)")
    try expectSamePages("file", "back")
  }

  @Test(
    "A stream that was cut anywhere says so, and leaves nothing",
    arguments: [20, 4096, 4100, 9000, 3_000_000, -16])
  func cut(count: Int) throws {
    let run = try shell("$v -F -l -d 1 $core > flat; head -c \(count) flat | $v -R back")
    #expect(run.status == 1)
    #expect(run.errors.contains("the stream was cut after"))
    #expect(try folder.contents == ["flat"])
  }

  @Test("A record that is none is damage, with its place")
  func damaged() throws {
    let run = try shell("$v -F -l -d 1 $core > flat; (head -c 4096 flat; head -c 100 /dev/zero) | $v -R back")
    #expect(run.status == 1)
    #expect(run.errors.contains("there is no record at byte 4096"))
  }

  @Test("What arrived of a cut stream can be kept: no page of it is wrong", arguments: [40, 60, 95])
  func keptPartial(percent: Int) throws {
    let run = try shell(
      """
      $v -F -l -d 1 $core > flat; n=$(stat -c %s flat)
      head -c $((n * \(percent) / 100)) flat | $v -R --keep-partial back
      """)
    #expect(run.status == 4)
    #expect(run.errors.contains("back is marked incomplete: it has "))
    let dump = try KdumpDump(folder.path("back"))
    #expect(dump.header.isIncomplete)
    let verdict = judge(dump: dump, vmcore: try ELFVmcore(vmcore.path))
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(verdict)")
    #expect(verdict.right * 100 > verdict.pages * (percent - 20), "\(verdict)")
    #expect(!verdict.cut.isEmpty)
  }

  @Test("Of a stream that ends in its headers nothing can be kept")
  func partialHeaders() throws {
    let run = try shell("$v -F -l -d 1 $core > flat; head -c 9000 flat | $v -R --keep-partial back")
    #expect(run.status == 1)
    #expect(run.errors.contains("nothing is kept"))
    #expect(try folder.contents == ["flat"])
  }

  @Test("An existing file stays without -f, and gives way only to a whole dump")
  func existing() throws {
    try folder.write("old", to: "back")
    let run = try shell(
      """
      $v -F -l -d 1 $core > flat; $v -R back < flat && exit 7; head -c 9000 flat | $v -f -R back && exit 8
      [ "$(cat back)" = old ] || exit 9; $v -f -R back < flat
      """)
    #expect(run.status == 0, "\(run)")
    #expect(try KdumpDump(folder.path("back")).header.version == 6)
  }
}
