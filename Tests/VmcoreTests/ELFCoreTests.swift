import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct ELFCoreTests {
  private static func builder() -> ELFBuilder {
    var builder = ELFBuilder()
    builder.notes = [.prstatus(cpu: 0), .prstatus(cpu: 1), .vmcoreinfo("OSRELEASE=6.1.0\nPAGESIZE=4096\n")]
    builder.segments = [
      ELFSegment(vaddr: 0xffff_8880_0000_0000, paddr: 0, data: Array(repeating: 1, count: 8192)),
      ELFSegment(vaddr: 0xffff_8880_0000_8000, paddr: 0x8000, data: Array(repeating: 2, count: 4096)),
    ]
    return builder
  }

  @Test(arguments: [false, true])
  func `segments and notes are found with the count in e_phnum and in section header 0`(extended: Bool) throws
  {
    var builder = Self.builder()
    builder.usesExtendedNumbering = extended
    let image = builder.build()
    let file = try image.write()
    let core = try ELFCore(opening: file.path)
    let loads = core.loads
    #expect(loads.map(\.physicalAddress.rawValue) == [0, 0x8000])
    #expect(loads.map(\.memorySize) == [8192, 4096])
    #expect(loads.map(\.fileOffset.rawValue) == image.segments.map { UInt64($0) })
    let notes = try NotesSummary(image)
    #expect(notes.processorCount == 2)
    #expect(notes.byteCount == image.notes.count)
    let text = try #require(notes.vmcoreinfo)
    #expect(text.lowerBound + image.notes.lowerBound == image.vmcoreinfo?.lowerBound)
    #expect(text.count == image.vmcoreinfo?.count)
  }

  @Test func `more segments than e_phnum can count are all read`() throws {
    var builder = Self.builder()
    builder.segments = (0..<70_000).map {
      ELFSegment(vaddr: 0, paddr: UInt64($0) * 8192, data: [], memorySize: 4096)
    }
    let file = try builder.build().write()
    let loads = try ELFCore(opening: file.path).loads
    #expect(loads.count == 70_000)
    #expect(loads.last?.physicalAddress.rawValue == 69_999 * 8192)
  }

  @Test func `a core without notes has no VMCOREINFO and no processors`() throws {
    var builder = Self.builder()
    builder.notes = []
    let notes = try NotesSummary(builder.build())
    #expect(notes.vmcoreinfo == nil)
    #expect(notes.processorCount == 0)
    #expect(notes.byteCount == 0)
  }

  @Test func `only NT_PRSTATUS notes named CORE are processors`() throws {
    var builder = Self.builder()
    builder.notes = [
      .prstatus(cpu: 0), ELFNote(type: 1, name: "QEMU", descriptor: [1]),
      ELFNote(type: 3, name: "CORE", descriptor: [1, 2]), .prstatus(cpu: 1),
    ]
    let notes = try NotesSummary(builder.build())
    #expect(notes.processorCount == 2)
  }

  @Test func `the first VMCOREINFO note counts`() throws {
    var builder = Self.builder()
    builder.notes = [.vmcoreinfo("A=1\n"), .vmcoreinfo("B=2\nC=3\n")]
    let notes = try NotesSummary(builder.build())
    #expect(notes.vmcoreinfo?.count == 4)
  }

  @Test func `a note that claims to be longer than its segment ends the notes`() throws {
    var builder = Self.builder()
    builder.notes[1].claimedDescriptorSize = 0xffff_fff0
    let notes = try NotesSummary(builder.build())
    #expect(notes.processorCount == 1)
    #expect(notes.byteCount == ELFNote.prstatus(cpu: 0).bytes.count)
    #expect(notes.vmcoreinfo == nil)
  }

  @Test(arguments: [60 << 10, 64 << 10, 2 << 20, 17 << 20])
  func `device dumps of any size are among the notes, and large ones stay in the file`(size: Int) throws {
    var builder = Self.builder()
    let small = builder.notes.map(\.bytes)
    let dump = ELFNote(
      type: 0x700, name: "VMCOREDD", descriptor: (0..<size).map { UInt8(truncatingIfNeeded: $0) })
    builder.notes.insert(contentsOf: [dump, dump], at: 1)
    builder.notes.append(dump)
    let notes = try NotesSummary(builder.build())
    #expect(notes.processorCount == 2)
    #expect(notes.byteCount == small.reduce(0) { $0 + $1.count } + 3 * dump.bytes.count)
    #expect(notes.storedByteCount == (size < 64 << 10 ? 0 : 3 * dump.bytes.count))
    let behind = small[0].count + 2 * dump.bytes.count + small[1].count
    #expect(notes.vmcoreinfo?.lowerBound == behind + 24)
  }

  /// Changes of the header that make the file something else than a core of a machine that is known.
  private static let foreign: [(String, @Sendable (inout ELFBuilder) -> Void)] = [
    ("magic", { $0.magic[1] = 0x46 }),
    ("ELFCLASS32", { $0.elfClass = 1 }),
    ("big endian", { $0.dataEncoding = 2 }),
    ("ET_EXEC", { $0.type = 2 }),
    ("EM_RISCV", { $0.machine = 243 }),
    ("no PT_LOAD", { $0.segments = [] }),
    (
      "no physical address in any PT_LOAD",
      { for index in $0.segments.indices { $0.segments[index].paddr = .max } }
    ),
  ]

  @Test(arguments: foreign.indices)
  func `what is no core of x86_64 with memory is refused as foreign`(index: Int) throws {
    var builder = Self.builder()
    Self.foreign[index].1(&builder)
    #expect(try RefusalKind.opening(builder.build().bytes) == .foreign, "\(Self.foreign[index].0)")
  }

  /// Changes of the header that contradict the file.
  private static let malformed: [(String, @Sendable (inout ELFBuilder) -> Void)] = [
    ("e_phentsize", { $0.claimedProgramHeaderSize = 32 }),
    ("e_phentsize 0", { $0.claimedProgramHeaderSize = 0 }),
    ("e_phoff behind the end", { $0.claimedProgramHeaderOffset = 1 << 40 }),
    ("e_phoff 2^63", { $0.claimedProgramHeaderOffset = 1 << 63 }),
    ("e_phoff all ones", { $0.claimedProgramHeaderOffset = .max }),
    ("more program headers than the file holds", { $0.claimedProgramHeaderCount = 0xfffe }),
    (
      "section header 0 behind the end",
      {
        $0.claimedSectionHeaderOffset = 1 << 50; $0.usesExtendedNumbering = true
      }
    ),
    (
      "section header 0 at 2^63",
      {
        $0.claimedSectionHeaderOffset = 1 << 63; $0.usesExtendedNumbering = true
      }
    ),
    (
      "four billion program headers",
      {
        $0.claimedExtendedCount = .max; $0.usesExtendedNumbering = true
      }
    ),
    ("notes behind the end", { $0.claimedNoteOffset = 1 << 40 }),
    ("notes at 2^63", { $0.claimedNoteOffset = 1 << 63 }),
    ("notes longer than the file", { $0.claimedNoteSize = 1 << 24 }),
    (
      "memory up to 2^52 of which the file has no byte",
      { $0.segments[1] = ELFSegment(vaddr: 0, paddr: 1 << 52 - 4096, data: [], memorySize: 4096) }
    ),
  ]

  @Test(arguments: malformed.indices)
  func `a header that contradicts the file is refused as malformed`(index: Int) throws {
    var builder = Self.builder()
    Self.malformed[index].1(&builder)
    #expect(try RefusalKind.opening(builder.build().bytes) == .malformed, "\(Self.malformed[index].0)")
  }

  @Test(arguments: [
    ("KDUMP   ", "kdump-compressed"), ("makedumpfile\0\0\0\0", "flattened"), ("\u{7f}ELF", "cut"),
    ("", "empty"),
    ("#!/bin/sh", "23 21 2f"),
  ])
  func `a refusal says what the file is instead`(start: String, word: String) throws {
    let file = try TemporaryFile(Array(start.utf8))
    #expect {
      _ = try ELFCore(opening: file.path)
    } throws: { error in
      "\(error)".contains(word) && "\(error)".contains(file.path)
    }
  }

  @Test func `a file cut anywhere in its headers is refused and not misread`() throws {
    let image = Self.builder().build()
    for length in 0..<image.notes.upperBound {
      let kind = try RefusalKind.opening(Array(image.bytes[..<length]))
      #expect(kind == (length < 64 ? .foreign : .malformed), "cut at \(length)")
    }
  }
}
