import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Whatever became of encrypted memory, what it is is said, and nothing is claimed that is not known")
struct EncryptionStatesTests {
  private let folder: ScratchFolder
  private let kernel = SyntheticKernel.withLowMemory()

  init() throws {
    folder = try ScratchFolder()
  }

  private func write(_ image: ELFImage, _ name: String = "vmcore") throws {
    try Data(image.bytes).write(to: folder.url.appending(path: name))
  }

  private func run(_ arguments: String) throws -> ProgramRun {
    try ProgramUnderTest.run(arguments.split(separator: " ").map(String.init), in: folder.url)
  }

  private func summary(_ name: String = "vmcore") throws -> String {
    let run = try run("inspect --json \(name)")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    return try #require(object?["summary"] as? String)
  }

  private func damaged() -> ELFImage {
    var image = kernel.vmcore()
    kernel.damageLowMemory(.xe, in: &image)
    return image
  }

  /// All memory noise, but for what a chooser lets be.
  private func noise(_ builder: ELFBuilder) -> ELFBuilder {
    var builder = builder
    var random = SeededGenerator(seed: 3)
    for index in builder.segments.indices {
      builder.segments[index].data = builder.segments[index].data.map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
    }
    return builder
  }

  @Test("All of memory read as ciphertext: the view is wrong, and low memory is not blamed")
  func wrongView() throws {
    try write(noise(kernel.elf()).build())
    #expect(try summary().contains("all of memory is ciphertext (the kernel's page tables are noise"))
    let dump = try run("-l -d 31 vmcore dump")
    #expect(
      dump.status == 0 && dump.errors.contains("warning: SME was active, and all of memory is ciphertext"))
    #expect(!dump.errors.contains("low memory"))
    let required = try run("-l -d 1 --sme require vmcore none")
    #expect(
      required.status == 1 && required.errors.contains("--sme require: SME was active, and all of memory"))
    let repair = try run("repair vmcore none")
    #expect(
      repair.status == 1
        && repair.errors.contains("nothing can be repaired: SME was active, and all of memory"))
    #expect(try !folder.contents.contains("none"))
  }

  @Test("Noise without VMCOREINFO is a wrong view, a host's dump of an encrypted guest, or private memory")
  func withoutInfo() throws {
    var builder = kernel.elf()
    builder.notes.removeAll { $0.name == "VMCOREINFO" }
    let ordinary = builder
    try write(noise(builder).build())
    #expect(try summary().contains("as it does where a capture kernel reads it without the encryption bit"))
    let refused = try run("-l -d 31 vmcore dump")
    #expect(refused.status == 1 && refused.errors.contains("its memory looks like ciphertext"))
    builder.notes.append(ELFNote(type: 0, name: "QEMU", descriptor: [UInt8](repeating: 0, count: 440)))
    try write(noise(builder).build())
    #expect(try summary().contains("as a host's dump of a guest with encrypted memory (SEV) does"))
    for index in builder.segments.indices {
      builder.segments[index].data = [UInt8](repeating: 0, count: builder.segments[index].data.count)
    }
    try write(builder.build())
    #expect(try summary().contains("as in a host's dump of a guest whose memory is private (SEV-SNP, TDX)"))
    // Ordinary memory is not suspected.
    try write(ordinary.build())
    #expect(try summary().hasSuffix("what its memory encryption was cannot be said"))
  }

  /// What a host sees of a guest: noise or zeros, but for every fourth page, which is shared, and, where it is asked for, the page
  /// tables. Of two processors one was never started.
  private func guest(_ memory: ELFBuilder, isZero: Bool, hasTables: Bool, isPaging: Bool) -> ELFBuilder {
    var builder = memory
    var random = SeededGenerator(seed: 5)
    for index in builder.segments.indices {
      let paddr = builder.segments[index].paddr
      for place in builder.segments[index].data.indices {
        let address = paddr + UInt64(place)
        if address >> 12 == kernel.topTable >> 12 {
          if hasTables { continue }
        } else if address >> 12 & 3 == 0 {
          builder.segments[index].data[place] = UInt8(truncatingIfNeeded: address >> 12 ^ address & 0xf)
          continue
        }
        builder.segments[index].data[place] = isZero ? 0 : UInt8(truncatingIfNeeded: random.next())
      }
    }
    // struct QEMUCPUState: CR0 with paging, CR3 with the bit that encrypts.
    var state = [UInt8](repeating: 0, count: 440)
    builder.notes.append(ELFNote(type: 0, name: "QEMU", descriptor: state))
    if isPaging {
      state[395] = 0x80
      for byte in 0..<8 {
        state[416 + byte] = UInt8(truncatingIfNeeded: (kernel.topTable | 1 << 51) >> UInt64(8 * byte))
      }
    }
    builder.notes.append(ELFNote(type: 0, name: "QEMU", descriptor: state))
    return builder
  }

  @Test(
    "A host's dump of a guest with hidden memory is told by the processors' page tables, whatever is shared",
    arguments: [false, true], [false, true])
  func sharedMemory(isZero: Bool, isPaging: Bool) throws {
    var builder = kernel.elf()
    builder.notes.removeAll { $0.name == "VMCOREINFO" }
    try write(guest(builder, isZero: isZero, hasTables: false, isPaging: isPaging).build())
    let reason =
      isZero
      ? "as in a host's dump of a guest whose memory is private (SEV-SNP, TDX)"
      : "as a host's dump of a guest with encrypted memory (SEV) does"
    let found = try summary()
    #expect(found.contains(reason), "\(found)")
    #expect(found.contains("or of a machine that runs no kernel yet") == (isZero && !isPaging))
    #expect(found.contains("the processors' page tables are noise") == (!isZero && isPaging))
    let dump = try run("-l -d 1 vmcore dump")
    #expect(dump.status == 0 && dump.errors.contains(reason), "\(dump)")
    for refused in [try run("-l -d 1 --sme require vmcore none"), try run("repair vmcore none")] {
      #expect(refused.status == 1 && refused.errors.contains(reason), "\(refused)")
    }
    #expect(try !folder.contents.contains("none"))
    // A processor that runs on such memory sees it as it is.
    guard isPaging else { return }
    try write(guest(builder, isZero: isZero, hasTables: true, isPaging: true).build())
    #expect(try summary().hasSuffix("what its memory encryption was cannot be said"))
  }

  @Test("What a host sees of a guest whose kernel is named is no capture kernel's view")
  func guestWithInfo() throws {
    try write(guest(kernel.elf(), isZero: false, hasTables: false, isPaging: true).build())
    let found = try summary()
    #expect(found.contains("the guest's memory was encrypted, and its host sees ciphertext"), "\(found)")
    #expect(try run("-l -d 1 --sme require vmcore none").status == 1)
  }

  @Test("Without low memory there was no backup, and no damage")
  func noLowMemory() throws {
    var builder = kernel.elf()
    builder.segments.removeAll { $0.paddr < 0xa0000 }
    try write(builder.build())
    #expect(try summary().contains("the dump has no memory below 640 KiB: no backup was made of it"))
    let run = try run("-l -d 1 --sme require vmcore dump")
    #expect(run.status == 0 && !run.errors.contains("warning"), "\(run)")
    #expect(run.output.contains("SME was active, but the dump has no memory below 640 KiB"))
    let repair = try self.run("repair vmcore none")
    #expect(repair.status == 3 && repair.errors.contains("no memory below 640 KiB"))
  }

  @Test("A file of a split dump that lacks low memory says where it is")
  func splitPart() throws {
    try write(damaged())
    #expect(try run("-l -d 0 --sme off --split vmcore part1 part2").status == 0)
    #expect(try summary("part1").contains("XE: low memory comes back"))
    #expect(try summary("part2").contains("this file of a split dump has no memory below 640 KiB"))
    let repair = try run("repair part2 none")
    // All pages are in the first.
    #expect(
      repair.status == 1 && repair.errors.contains("none of the pages that it should have"), "\(repair)")
  }

  @Test("The first range of low memory was copied, not the largest")
  func firstRange() throws {
    var image = damaged()
    var builder = kernel.elf()
    // 0x1000 to 0x3ffff went through the backup; what follows the hole was not.
    let low = try #require(builder.segments.firstIndex { $0.paddr == 0x1000 })
    let whole = builder.segments[low]
    let offset = image.segments[low]
    builder.segments[low].data = Array(image.bytes[offset..<offset + 0x3f000])
    var rest = whole
    rest.paddr = 0x42000
    rest.vaddr = whole.vaddr + 0x41000
    rest.data = Array(whole.data[0x41000...])
    builder.segments.insert(rest, at: low + 1)
    image = builder.build()
    try write(image)
    let run = try run("inspect --json vmcore")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let found = try #require(object?["low_memory"] as? [String: Any])
    #expect(found["start"] as? String == "0x1000" && found["bytes"] as? Int == 0x3f000)
    let repair = try #require(object?["repair"] as? [String: Any])
    #expect(repair["pages_repaired"] as? Int == 0x3f)
  }

  @Test(
    "A dump that says that it was repaired is believed, in either format: nothing is changed again, with no key either",
    arguments: ["-l -d 0", "-E -d 0"])
  func record(options: String) throws {
    try write(damaged())
    #expect(try run("\(options) vmcore repaired").status == 0)
    #expect(
      try summary("repaired").contains(
        "the dump says that it was undone already: repaired SME (XE, no key): 159"))
    let again = try run("-l -d 0 repaired again")
    #expect(
      again.status == 0 && !again.errors.contains("warning") && again.output.contains("it was undone already")
    )
    let header = try KdumpDump(folder.path("again")).header
    #expect(header.eraseInfoSize > 0)
    for format in ["-E", "-l"] {
      #expect(try run("-f \(format) -d 0 again third").status == 0)
      #expect(try summary("third").contains("it was undone already: repaired SME (XE, no key): 159"))
    }
    #expect(try KdumpDump(folder.path("third")).header.eraseInfoSize == header.eraseInfoSize)
    let repair = try run("repair repaired none")
    #expect(repair.status == 3 && repair.errors.contains("it was undone already"))
    try Data(String(repeating: "5a", count: 16).utf8).write(to: folder.url.appending(path: "key"))
    let keyed = try run("-l -d 0 --backup-region 0x2ff61000 --sme-key key repaired none")
    #expect(
      keyed.status == 1 && keyed.errors.contains("the dump says that it was undone already"), "\(keyed)")
    #expect(try !folder.contents.contains("none"))
  }

  @Test("Where it was saved is claimed only by who knows: a place that was guessed is not")
  func claims() throws {
    try write(damaged())
    // The dump's own constants are the published ones: they name the place to its highest bit.
    let known = try run("-l -d 0 vmcore dump")
    #expect(known.output.contains("159 of 159 pages of low memory with content are repaired"), "\(known)")
    #expect(known.output.contains("they had been saved at paddr 0x2ff61000 (the tweak table"), "\(known)")
    let stated = try run("-f -l -d 0 --backup-region 0x2ff61000 vmcore dump")
    #expect(
      stated.output.contains("saved at paddr 0x2ff61000 (--backup-region, and the tweak table"), "\(stated)")
  }
}
