import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("repair undoes what SME did to a dump that exists, and changes no other byte")
struct RepairTests {
  private let folder: ScratchFolder
  private let kernel = SyntheticKernel.withLowMemory()
  /// The vmcore as it would be without the damage.
  private let sound: [UInt8]

  init() throws {
    folder = try ScratchFolder()
    sound = kernel.vmcore().bytes
    try write(sound, "sound")
    try write(damaged(.xe), "damaged")
  }

  private func damaged(_ damage: SyntheticKernel.LowDamage) -> [UInt8] {
    var image = kernel.vmcore()
    kernel.damageLowMemory(damage, in: &image)
    return image.bytes
  }

  private func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: folder.url.appending(path: name))
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.url.appending(path: name)))
  }

  private func run(_ arguments: String) throws -> ProgramRun {
    try ProgramUnderTest.run(arguments.split(separator: " ").map(String.init), in: folder.url)
  }

  @Test("An ELF vmcore comes out as it was before the damage, in every byte", arguments: ["", "--non-mmap"])
  func elf(option: String) throws {
    let run = try run("repair \(option) damaged new")
    #expect(run.status == 0, "\(run)")
    #expect(try bytes("new") == sound)
    #expect(
      run.output == """
        SME (XE): 159 of 159 pages of low memory with content are repaired; they had been saved at paddr 0x2ff61000 (the tweak table, by 3 constants of 158 pages).

        Repaired pages  : 159
        Unrepaired pages: 0
        Untouched pages : \(sound.count / 4096 - 160 - Int(kernel.image.count))

        The repaired dump is saved to new.

        vmsieve Completed.

        """)
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("new"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try folder.contents == ["damaged", "new", "sound"])
  }

  @Test(
    "A kdump-compressed dump has the pages of one that was made of the undamaged vmcore",
    arguments: ["-d 0", "-c -d 0", "-l -d 1", "-p -d 31", "-z -d 31"])
  func kdump(options: String) throws {
    #expect(try run("\(options) --sme off damaged old").status == 0)
    #expect(try run("\(options) sound wanted").status == 0)
    let run = try run("repair old new")
    #expect(run.status == 0, "\(run)")
    let dump = try KdumpDump(folder.path("new"))
    let old = try KdumpDump(folder.path("old"))
    let wanted = try KdumpDump(folder.path("wanted"))
    var pages = 0
    dump.forEachPage { pfn, _, content in
      pages += 1
      guard case .success(let page) = content else {
        Issue.record("pfn \(pfn) is no page")
        return
      }
      // What was left out of the damaged dump, or kept as it was noise, differs; the bytes do not.
      let truth = kernel.memory.page(pfn)
      #expect(page.elementsEqual(truth), "pfn \(pfn)")
    }
    #expect(pages >= 159 && dump.dumped.contains(1))
    wanted.dumped.forEach { #expect(dump.dumped.contains($0)) }
    #expect(dump.header.status == old.header.status)
    let record = try #require(
      dump.bytes(at: dump.header.eraseInfoOffset, count: dump.header.eraseInfoSize))
    #expect(String(decoding: record, as: UTF8.self).hasPrefix("repaired SME (XE, no key): 159 low pages"))
    #expect(try self.run("verify new").status == 0)
  }

  @Test("What is repaired already, or never was damaged, is left alone: exit status 3 and no file")
  func nothingToRepair() throws {
    let plain = SyntheticKernel.withLowMemory(smeMask: 0)
    try write(plain.vmcore().bytes, "plain")
    for (name, reason) in [
      ("sound", "SME was active; zero blocks dominate: low memory is as the first kernel saw it"),
      ("plain", "memory was not encrypted"),
    ] {
      let run = try run("repair \(name) new")
      #expect(run.status == 3 && run.output == "")
      #expect(run.errors.hasPrefix("vmsieve: \(name): there is nothing to repair: \(reason)"))
      #expect(run.errors.hasSuffix("; new is not written\n") && run.errors.filter { $0 == "\n" }.count == 1)
    }
    #expect(try !folder.contents.contains { $0.hasPrefix("new") })
  }

  @Test("Noise that no constant undoes fails with its verdict, and no file")
  func noise() throws {
    try write(damaged(.noise), "noise")
    let run = try run("repair noise new")
    #expect(run.status == 1 && run.output == "")
    #expect(run.errors.contains("nothing can be repaired: SME was active; no trace of XE"))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    #expect(try !folder.contents.contains { $0.hasPrefix("new") })
  }

  @Test(
    "A user who says where the backup lies is not believed blindly: a wrong place changes no byte wrongly")
  func backupRegion() throws {
    #expect(try run("repair --backup-region 0x2ff61000 damaged new").status == 0)
    #expect(try bytes("new") == sound)
    let run = try run("repair --backup-region 0x11000000 damaged other")
    #expect(run.status == 0 || run.status == 1, "\(run)")
    if run.status == 0 { #expect(try bytes("other") == sound) }
  }

  @Test("The bit can be stripped on the way, and from a dump that needs no repair")
  func strip() throws {
    for name in ["damaged", "sound"] {
      let run = try run("repair -f --sme-strip \(name) new")
      #expect(run.status == 0, "\(run)")
      let after = try bytes("new")
      #expect(after.count == sound.count)
      #expect(String(decoding: after.prefix(8192), as: UTF8.self).contains("NUMBER(sme_mask)=000000"))
      #expect(try self.run("repair new again").status == 3)
    }
  }

  @Test("OLD may not be NEW, by any name")
  func sameFile() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: folder.path("damaged"))
    for (old, new) in [("damaged", "damaged"), ("link", "damaged"), ("damaged", "link")] {
      let run = try run("repair -f \(old) \(new)")
      #expect(run.status == 1 && run.errors.contains("are the same file"), "\(run)")
    }
    #expect(try bytes("damaged") == damaged(.xe))
  }

  @Test("An existing file stays without -f, and without something to put in its place")
  func existing() throws {
    try folder.write("old", to: "new")
    var run = try run("repair damaged new")
    #expect(run.status == 1 && run.errors.contains("File exists; -f overwrites it"))
    run = try self.run("repair -f sound new")
    #expect(run.status == 3)
    #expect(try String(contentsOfFile: folder.path("new"), encoding: .utf8) == "old")
    #expect(try self.run("repair -f damaged new").status == 0)
    #expect(try bytes("new") == sound)
  }

  @Test("A flattened dump becomes a file that is repaired", arguments: ["-l -d 1", "-E -d 0"])
  func flattened(options: String) throws {
    let made = try ProgramUnderTest.run(
      "/bin/sh", ["-c", "\(ProgramUnderTest.path) -F \(options) --sme off damaged > flat"], in: folder.url)
    #expect(made.status == 0)
    #expect(try run("\(options) sound wanted").status == 0)
    let run = try run("repair flat new")
    #expect(run.status == 0, "\(run)")
    #expect(try self.run("verify --sum sums wanted").status == 0)
    let check = try self.run("verify --check-sum sums new")
    #expect(
      check.status == 0 && check.output.contains(", 0 are not") != check.output.contains("all "), "\(check)")
  }

  @Test("What was cut is repaired as far as it goes, a dump and a vmcore")
  func cut() throws {
    #expect(try run("-l -d 0 --sme off damaged old").status == 0)
    #expect(try run("-l -d 0 sound wanted").status == 0)
    #expect(try run("verify --sum sums wanted").status == 0)
    try write(Array(try bytes("old").dropLast(9000)), "old")
    let run = try run("repair old new")
    #expect(run.status == 4 && run.errors.contains("old lacks pages"), "\(run)")
    let check = try self.run("verify --check-sum sums new")
    #expect(check.output.contains(", 0 are not") && check.output.contains("that are can be read"), "\(check)")
    try write(Array(damaged(.xe).dropLast(9000)), "old")
    #expect(try self.run("repair -f old new").status == 4)
    // The headers name less, and bit 0 of e_flags is set.
    #expect(try bytes("new")[4096...] == sound.dropLast(9000)[4096...])
    #expect(try bytes("new")[48] == 1)
  }

  @Test("Damaged ELF vmcores come to a repair or a refusal, soon", arguments: VmcoreMutator.Kind.allCases)
  func hostileELF(kind: VmcoreMutator.Kind) throws {
    for seed in UInt64(0)..<8 {
      var image = kernel.vmcore()
      kernel.damageLowMemory(.xe, in: &image)
      var mutator = VmcoreMutator(kernel, image, seed: seed)
      try hostile(mutator.mutated(kind), "\(kind.rawValue) \(seed)")
    }
  }

  @Test("Damaged kdump-compressed dumps come to a repair or a refusal, soon")
  func hostileKdump() throws {
    #expect(try run("-l -d 1 --sme off damaged old").status == 0)
    let old = try bytes("old")
    for seed in UInt64(0)..<60 {
      var random = SeededGenerator(seed: seed)
      var bytes = old
      // The headers, the bitmaps and the descriptors are the first tenth; all the rest is pages.
      for _ in 0..<1 + random.below(12) {
        let limit = random.oneIn(3) ? bytes.count : min(0x8000, bytes.count)
        bytes[Int(random.below(UInt64(limit)))] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.oneIn(3) { bytes.removeLast(Int(random.below(UInt64(bytes.count)))) }
      try hostile(bytes, "kdump \(seed)")
    }
  }

  private func hostile(_ bytes: [UInt8], _ name: String) throws {
    try write(bytes, "hostile")
    let limits = "ulimit -c 0; ulimit -v \(HostileRun.addressSpace); exec \"$@\""
    for verb in [["repair", "-f", "hostile", "out"], ["inspect", "--json", "hostile"]] {
      let run = try ProgramUnderTest.run(
        "/bin/sh",
        ["-c", limits, "sh", "/usr/bin/timeout", "-s", "KILL", "20", ProgramUnderTest.path] + verb,
        in: folder.url)
      #expect(
        [0, 1, 3, 4].contains(run.status), "\(name) \(verb[0]): \(run.status) \(run.errors.suffix(300))")
      // What lacks pages is repaired as far as it goes, and called so.
      let isDone = run.status == 0 || run.status == 4
      let errors = run.errors.split(separator: "\n").filter {
        $0.hasPrefix("vmsieve: ") && !$0.contains("warning: ")
      }
      #expect(errors.count == (isDone ? 0 : 1), "\(name): \(run.errors.suffix(300))")
      if verb[0] == "repair" {
        #expect(FileManager.default.fileExists(atPath: folder.path("out")) == isDone, "\(name)")
        try? FileManager.default.removeItem(atPath: folder.path("out"))
      } else if run.status == 0 {
        _ = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
      }
      #expect(try !folder.contents.contains { $0.hasSuffix(".partial") }, "\(name)")
    }
  }
}
