import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("A hypervisor's dump of a running guest is a vmcore too", .enabled(if: Lab.hasKernel("6.1")))
struct GuestDumpTests {
  /// QEMU's ELF has no segment for the kernel's image: only its notes tell of a kernel. makedumpfile refuses it.
  @Test("Each level excludes what the struct pages say", arguments: [0, 1, 2, 4, 8, 16, 31])
  func guest(level: Int) throws {
    let vmcore = try RealVmcore("6.1-guest")
    try #require(vmcore.elf.segments.allSatisfy { $0.virtualAddress < 1 << 63 }, "a kernel wrote this vmcore")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    let dump = try KdumpDump(scratch.path("dump"))
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    try PageClasses.of(vmcore).expectPages(of: scratch.path("dump"), from: vmcore, level: level)
  }

  /// QEMU's other formats are kdump-compressed, flattened. Distributions build it with zlib, and few with more.
  @Test("What QEMU compressed comes to the same as its ELF core", arguments: ["zlib", "lzo", "snappy"])
  func compressed(codec: String) throws {
    let vmcore = try RealVmcore("6.1-guest")
    let folder = URL(filePath: vmcore.path).deletingLastPathComponent()
    let compressed = folder.appending(path: "kdump-\(codec)").path
    if codec != "zlib", !FileManager.default.fileExists(atPath: compressed) {
      print("THIS QEMU MAKES NO kdump-\(codec): THAT IT CAN BE READ IS NOT TESTED")
      return
    }
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(Lab.vmsieve, ["verify", compressed])
    for options in ["-l -d 1", "-l -d 31"] {
      try vmcore.dump("-f \(options)", to: scratch.path("wanted"))
      let words = ["-f"] + options.split(separator: " ").map(String.init)
      try ProgramRun.succeeding(Lab.vmsieve, words + [compressed, scratch.path("dump")])
      #expect(
        FileManager.default.contentsEqual(atPath: scratch.path("dump"), andPath: scratch.path("wanted")))
    }
  }

  /// Where purgatory saved low memory, as drgn reads it from the crash kernel's segments.
  private func backup(_ vmcore: RealVmcore) throws -> UInt64 {
    let lines = """
      image = prog["kexec_crash_image"]
      for i in range(image.nr_segments):
          if image.segment[i].memsz == 0x9f000:
              print(image.segment[i].mem.value_())
      """
    let output = try Drgn.evaluate(lines, of: vmcore.path, vmcore.kernel)
    return try #require(UInt64(output.dropLast()))
  }

  /// Makes the backup in a copy of a vmcore what it was before purgatory ran: zeros.
  private func clear(_ backup: UInt64, of vmcore: RealVmcore, in copy: URL) throws {
    let segment = try #require(
      vmcore.elf.segments.first { $0.physicalAddress <= backup && backup < $0.physicalAddress + $0.fileSize })
    let file = try FileHandle(forUpdating: copy)
    try file.seek(toOffset: segment.fileOffset + backup - segment.physicalAddress)
    try file.write(contentsOf: Data(count: 0x9f000))
    try file.close()
  }

  private func expectSavedLowMemory(in dump: KdumpDump, _ backup: UInt64, _ vmcore: RealVmcore) throws {
    for pfn in 1..<0x9f as Range<UInt64> {
      let saved = try #require(vmcore.elf.content(backup / 4096 + pfn - 1))
      #expect(try dump.page(pfn).elementsEqual(saved), "pfn \(pfn)")
    }
  }

  @Test(
    "Low memory that the capture kernel took is read from where purgatory saved it",
    .enabled(if: Lab.hasVmcore("6.1-captured")))
  func captured() throws {
    let vmcore = try RealVmcore("6.1-captured")
    let backup = try backup(vmcore)
    let scratch = try ScratchFolder()
    let run = try vmcore.dump("-l -d 0", to: scratch.path("dump"))
    #expect(run.output.contains("low memory is read from where it was saved"), "\(run.output)")
    let dump = try KdumpDump(scratch.path("dump"))
    try expectSavedLowMemory(in: dump, backup, vmcore)
    #expect(judge(dump: dump, vmcore: vmcore.elf).wrong.allSatisfy { $0 < 0xa0 })

    // Free lists end where they should, and objects hold what the module wrote: their number, and a word's.
    let answer = try Drgn.ask("slabs", of: scratch.path("dump"), vmcore.kernel, "dma-kmalloc-512")
    let objects = answer.split(separator: "\n").dropFirst().filter { $0.hasPrefix("0xffff") }
    let written = objects.filter { $0.hasSuffix("00000000") && !$0.hasSuffix(" 0x0") }
    #expect(written.count > 200, "\(answer)")
  }

  /// QEMU's paging=true describes memory by the page tables that the processors use: one is in the capture kernel, another
  /// where the crashed kernel stopped it. There is a segment for each page and more.
  @Test(
    "A dump with paging=true, taken while the capture kernel ran, has the pages of one without",
    .enabled(if: Lab.hasVmcore("6.1-captured")))
  func reallyPaged() throws {
    let vmcore = try RealVmcore("6.1-captured")
    let backup = try backup(vmcore)
    let paged = URL(filePath: vmcore.path).deletingLastPathComponent().appending(path: "paged").path
    let scratch = try ScratchFolder()
    for level in [0, 31] {
      try vmcore.dump("-f -l -d \(level)", to: scratch.path("wanted"))
      let run = try ProgramRun.succeeding(
        Lab.vmsieve, ["-f", "-l", "-d", "\(level)", paged, scratch.path("dump")])
      #expect(run.output.contains("low memory is read from where it was saved"), "\(run.output)")
      let (wanted, dump) = try (KdumpDump(scratch.path("wanted")), KdumpDump(scratch.path("dump")))
      // The firmware's tables at the end of RAM, which the kernel does not map, and the display's memory.
      let missing = Set(wanted.dumped.frames).subtracting(dump.dumped.frames)
      #expect(missing.allSatisfy { $0 >= 0x1ff00 }, "\(missing.sorted().prefix(5))")
      // Segments tell what is mapped as the kernel's image: the rest of its last large page is as well, and stays.
      let more = Set(dump.dumped.frames).subtracting(wanted.dumped.frames)
      #expect(more.count < 512 && (level == 31 || more.isEmpty), "\(more.sorted().prefix(5))")
      for pfn in dump.dumped.frames where !more.contains(pfn) {
        let isSame = try dump.page(pfn).elementsEqual(wanted.page(pfn))
        #expect(isSame, "level \(level), pfn \(pfn)")
        if !isSame { break }
      }
      if level == 0 { try expectSavedLowMemory(in: dump, backup, vmcore) }
    }
  }

  /// The same made by hand, so that what is in the segments is known.
  @Test(
    "Segments of the capture kernel's image and direct map are not taken for the crashed kernel's",
    .enabled(if: Lab.hasVmcore("6.1-captured")))
  func paged() throws {
    let vmcore = try RealVmcore("6.1-captured")
    let backup = try backup(vmcore)
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(
      "/bin/cp", ["--sparse=always", "--no-preserve=mode", vmcore.path, scratch.path("paged")])
    let file = try FileHandle(forUpdating: scratch.url("paged"))
    func number(_ data: Data, _ offset: Int, _ count: Int) -> UInt64 {
      (0..<count).reduce(0) { $0 | UInt64(data[offset + $1]) << UInt64(8 * $1) }
    }
    let header = try #require(try file.read(upToCount: 64))
    let count = Int(number(header, 56, 2))
    try file.seek(toOffset: number(header, 32, 8))
    var table = try #require(try file.read(upToCount: count * 56))
    let end = try file.seekToEnd()
    // The capture kernel lies below the backup, which kexec puts as high as it can, so that the crashed kernel may lie right
    // behind; its own places are as random as that one's.
    let place = (backup & ~0xfff_ffff, (backup & ~0x1f_ffff) - 0x40_0000)
    for (address, physical, size) in [
      (UInt64(0xffff_9999_4000_0000) + place.0, place.0, UInt64(0x100_0000)),
      (0xffff_ffff_b120_0000, place.1, 0x40_0000),
    ] {
      let segment = try #require(
        vmcore.elf.segments.first {
          $0.physicalAddress <= physical && physical + size <= $0.physicalAddress + $0.fileSize
        })
      for value in [
        0x7_0000_0001, segment.fileOffset + physical - segment.physicalAddress, address, physical, size, size,
        0,
      ] as [UInt64] { withUnsafeBytes(of: value.littleEndian) { table.append(contentsOf: $0) } }
    }
    try file.write(contentsOf: table)
    for (offset, value, size) in [(32, end, 8), (56, UInt64(count + 2), 2)] {
      try file.seek(toOffset: UInt64(offset))
      try file.write(contentsOf: withUnsafeBytes(of: value.littleEndian) { Data($0.prefix(size)) })
    }
    try file.close()

    try vmcore.dump("-l -d 31", to: scratch.path("wanted"))
    let paged = try RealVmcore("6.1-captured", at: scratch.path("paged"))
    let run = try paged.dump("-l -d 31", to: scratch.path("dump"))
    #expect(run.output.contains("low memory is read from where it was saved"), "\(run.output)")
    #expect(
      FileManager.default.contentsEqual(atPath: scratch.path("dump"), andPath: scratch.path("wanted")))

    // Without the backup nothing can be restored, and that is said.
    try clear(backup, of: vmcore, in: scratch.url("paged"))
    let lost = try paged.dump("-f -l -d 31", to: scratch.path("dump"))
    #expect(lost.errors.contains("another kernel than 6.1"), "\(lost.errors)")
  }

  @Test(
    "A crash kernel that waits has saved nothing: low memory is the guest's own",
    .enabled(if: Lab.hasVmcore("6.1-captured")))
  func loaded() throws {
    let vmcore = try RealVmcore("6.1-captured")
    let backup = try backup(vmcore)
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(
      "/bin/cp", ["--sparse=always", "--no-preserve=mode", vmcore.path, scratch.path("waiting")])
    try clear(backup, of: vmcore, in: scratch.url("waiting"))
    let waiting = try RealVmcore("6.1-captured", at: scratch.path("waiting"))
    let run = try waiting.dump("-l -d 0 -D", to: scratch.path("dump"))
    #expect(run.output.contains("which is zeros: the capture kernel has not run"), "\(run.output)")
    let verdict = try judge(dump: KdumpDump(scratch.path("dump")), vmcore: waiting.elf)
    #expect(verdict.isClean, "\(verdict)")
  }
}
