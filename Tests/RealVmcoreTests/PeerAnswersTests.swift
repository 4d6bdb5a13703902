import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("What makedumpfile says of a real vmcore is said too", .enabled(if: Lab.hasKernel("6.1")))
struct PeerAnswersTests {
  private let scratch: ScratchFolder
  private let vmcore: RealVmcore
  private let peer: String

  init() throws {
    scratch = try ScratchFolder()
    vmcore = try RealVmcore("6.1")
    peer = try Lab.tool("makedumpfile")
  }

  private var info: String { String(decoding: vmcore.elf.notes, as: UTF8.self) }

  private func symbol(_ name: String) throws -> UInt64 {
    let line = info.split(separator: "\n").first { $0.hasPrefix("SYMBOL(\(name))=") }
    return try #require(line.flatMap { UInt64($0.split(separator: "=")[1], radix: 16) }, "no \(name)")
  }

  @Test("--vtop walks through the same tables to the same page, or to none")
  func translation() throws {
    let direct = try #require(vmcore.elf.segments.last).virtualAddress
    let text = try symbol("_stext")
    let addresses = [
      text, try symbol("prb") + 5, direct, direct + 0x2345, 0xffff_ffff_ffff_f000, text - (64 << 20), 0x1000,
    ]
    for address in addresses {
      let answers = try [Lab.vmsieve, peer].map { program in
        let run = try ProgramRun.succeeding(
          program,
          [
            "-d", "31", "--message-level", "2", "--vtop", "0x\(String(address, radix: 16))", "--dry-run",
            vmcore.path,
            scratch.path("dump"),
          ])
        return run.output.split(separator: "\n").drop { !$0.hasPrefix("Translating") }
          .prefix { !$0.contains("dumpfile") && !$0.hasPrefix("This was") }
      }
      #expect(answers[0] == answers[1], "\(String(address, radix: 16))")
      #expect(answers[0].count >= 4)
    }
  }

  @Test("-i puts a wrong VMCOREINFO right: the dump is that of the vmcore with the right one")
  func infoFile() throws {
    let start = try #require(info.range(of: "OSRELEASE=6"))
    let text = String(info[start.lowerBound...].prefix { $0 != "\0" })
    let lines = text.split(separator: "\n").filter { $0.contains("=") }
    try (lines.joined(separator: "\n") + "\n").write(
      to: scratch.url("info"), atomically: true, encoding: .utf8)
    let bad = scratch.path("bad")
    try FileManager.default.copyItem(atPath: vmcore.path, toPath: bad)
    let file = try FileHandle(forUpdating: URL(filePath: bad))
    let head = try #require(try file.read(upToCount: 1 << 20))
    for key in ["NUMBER(phys_base)=", "NUMBER(PG_lru)="] {
      let found = try #require(head.range(of: Data("\n\(key)".utf8)))
      try file.seek(toOffset: UInt64(found.upperBound))
      try file.write(contentsOf: Data("7".utf8))
    }
    try file.close()
    try vmcore.dump("-l -d 31", to: scratch.path("right"))
    let run = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "31", "-i", scratch.path("info"), bad, scratch.path("dump")])
    #expect(
      run.output.contains("overrides VMCOREINFO, also in the dump: NUMBER(PG_lru), NUMBER(phys_base)\n"))
    #expect(FileManager.default.contentsEqual(atPath: scratch.path("dump"), andPath: scratch.path("right")))
  }

  @Test("crash and drgn open a dump with device dumps of 76 MiB, and makedumpfile takes it further")
  func deviceDumps() throws {
    let core = scratch.path("vmcore")
    try FileManager.default.copyItem(atPath: vmcore.path, toPath: core)
    let dumps = try [20, 20, 36].map { try Self.deviceDump($0) }
    let notes = dumps[0] + Data(vmcore.elf.notes) + dumps[1] + dumps[2]
    let file = try FileHandle(forUpdating: URL(filePath: core))
    let end = (try file.seekToEnd() + 4095) & ~4095
    try file.seek(toOffset: end)
    try file.write(contentsOf: notes)
    // The program header of the notes is the first: p_offset, p_filesz, p_memsz.
    for (place, value) in [(72, end), (96, UInt64(notes.count)), (104, UInt64(notes.count))] {
      try file.seek(toOffset: UInt64(place))
      try file.write(contentsOf: withUnsafeBytes(of: value.littleEndian) { Data($0) })
    }
    try file.close()
    let (dump, elf) = (scratch.path("dump"), scratch.path("elf"))
    for (options, path) in [("-l -d 31", dump), ("-E -d 31", elf)] {
      try ProgramRun.succeeding(Lab.vmsieve, options.split(separator: " ").map(String.init) + [core, path])
    }
    #expect(Data(try #require(try KdumpDump(dump).notes)) == notes)
    #expect(Data(try ELFVmcore(elf).notes) == notes)
    let raw = try Crash.ask(["bt", "ps"], of: vmcore.path, "6.1")
    for path in [dump, elf] { #expect(try Crash.ask(["bt", "ps"], of: path, "6.1") == raw) }
    let report = try Drgn.ask("report", of: vmcore.path, "6.1")
    for path in [dump, elf] { #expect(try Drgn.ask("report", of: path, "6.1") == report) }
    try ProgramRun.succeeding(peer, ["-l", "-d", "31", dump, scratch.path("again")])
    #expect(Data(try #require(try KdumpDump(scratch.path("again")).notes)) == notes)
  }

  /// A note of the type NT_VMCOREDD.
  private static func deviceDump(_ mebibytes: Int) throws -> Data {
    let size = 44 + mebibytes << 20
    var note = Data()
    for number in [6, UInt32(size), 0x700] as [UInt32] {
      note.append(withUnsafeBytes(of: number.littleEndian) { Data($0) })
    }
    note.append(Data("LINUX\0\0\0".utf8))
    note.append(Data("mlx5_0000:03:00.0".utf8) + Data(count: 27))
    let random = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
    note.append(try #require(try random.read(upToCount: mebibytes << 20)))
    return note
  }
}
