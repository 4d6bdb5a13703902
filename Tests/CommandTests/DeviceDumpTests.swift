import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Device dumps (VMCOREDD) of any size are in every dump")
struct DeviceDumpTests {
  private let folder: ScratchFolder
  private let core: String
  private let notes: [UInt8]

  /// A vmcore whose notes have two device dumps of 20 MiB and one of 36 MiB, with the others around them.
  init() throws {
    folder = try ScratchFolder()
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 512, order: 4)
    var builder = kernel.elf()
    builder.notes.insert(Self.deviceDump(20, seed: 1), at: 0)
    builder.notes.insert(contentsOf: [Self.deviceDump(20, seed: 2), Self.deviceDump(36, seed: 3)], at: 2)
    let image = builder.build()
    notes = Array(image.bytes[image.notes])
    core = folder.path("vmcore")
    try Data(image.bytes).write(to: URL(filePath: core))
  }

  /// struct vmcoredd_header: the name of the dump in 44 bytes, then the driver's data.
  private static func deviceDump(_ mebibytes: Int, seed: UInt64) -> ELFNote {
    let name = Array("cxgb4_0000:02:00.\(seed)".utf8)
    var data = name + [UInt8](repeating: 0, count: 44 - name.count)
    data.reserveCapacity(44 + mebibytes << 20)
    var state = seed
    for _ in 0..<mebibytes << 17 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      data.appendLittleEndian(state)
    }
    return ELFNote(type: 0x700, name: "LINUX", descriptor: data)
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: core, options: "set -e -o pipefail;", in: folder)
  }

  private func expectSuccess(_ line: String) throws {
    let run = try shell(line)
    #expect(run.status == 0 && !run.errors.contains("warning"), "\(line): \(run)")
  }

  @Test("In kdump-compressed dumps, their parts and streams, and what is made of these again")
  func kdumpCompressed() throws {
    try expectSuccess(
      "$v -l -d 31 $core a; $v -F -z -d 31 $core | $v -R b; $v -l -d 31 b c; $v -E a e; $v -l -d 31 e d;"
        + " $v --split -l -d 31 $core p1 p2; $v --reassemble p2 p1 f; $v -F -l -d 31 $core > g; $v -c g h;"
        + " for x in a b c d f h; do $v verify $x; done; $v verify p1 p2")
    for name in ["a", "b", "c", "d", "f", "h", "p1", "p2"] {
      let dump = try KdumpDump(folder.path(name))
      #expect(dump.notes == notes, "\(name)")
      if !name.hasPrefix("p") { #expect(dump.breaches() == [], "\(name)") }
    }
  }

  @Test("In ELF cores, plain and through a pipe")
  func elf() throws {
    try expectSuccess(
      "$v -E -d 31 $core a; $v -E -F -d 31 $core | $v -R b; $v -E -d 31 b c;"
        + " $v -l a a.same; $v -l b b.same; cmp a.same b.same")
    for name in ["a", "c"] { #expect(try ELFVmcore(folder.path(name)).notes == notes, "\(name)") }
  }

  @Test("They take no memory", arguments: ["-l -d 31 $core a", "-E -d 31 $core a", "-F -l -d 31 $core > a"])
  func memory(line: String) throws {
    // VmHWM cannot be read of what has ended, and a limit of address space has no unit but what fails.
    let run = try shell("ulimit -v 100000; taskset -c 0 $v \(line)")
    #expect(run.status == 0, "\(run)")
  }

  @Test("A device dump that the file ends in is damage of the vmcore, not a dump without it")
  func cut() throws {
    let run = try shell("head -c 30M $core > cut; $v -l -d 31 cut a")
    #expect(run.status == 1)
    #expect(run.errors.contains("reach past the end of the file"))
    #expect(try !folder.contents.contains("a"))
  }
}
