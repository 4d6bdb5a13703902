import DumpFixtures
import DumpMemory
import Platform

/// The notes of a core: walked in the file, and once more in memory.
public struct NotesTarget: FuzzTarget {
  public static let name = "notes"
  public static let input = "the bytes of a PT_NOTE segment"
  public static let mostBytes = 4096

  private let file = MemoryFile()

  public init() {}

  public func seeds() -> [FuzzSeed] {
    let info = ELFNote.vmcoreinfo("OSRELEASE=6.1.0\nPAGESIZE=4096\nNUMBER(sme_mask)=1\n")
    let erased = ELFNote(type: 0, name: "ERASEINFO", descriptor: Array("erase secret 4\n".utf8))
    let qemu = ELFNote(type: 0, name: "QEMU", descriptor: [UInt8](repeating: 0, count: 440))
    let xen = ELFNote(type: 0x100_0001, name: "Xen", descriptor: [1, 2, 3])
    return [
      FuzzSeed("usual", (0..<2).flatMap { ELFNote.prstatus(cpu: $0).bytes } + info.bytes),
      FuzzSeed("erased", info.bytes + erased.bytes), FuzzSeed("qemu", qemu.bytes + info.bytes),
      FuzzSeed("xen", xen.bytes), FuzzSeed("unnamed", [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    try check(CoreNotes(input), count: input.count)
    var builder = ELFTarget.core
    // The bytes take the place of one note's; their number is PT_NOTE's own.
    builder.notes = [ELFNote(type: 0, name: "", descriptor: [])]
    builder.claimedNoteSize = UInt64(input.count)
    let image = builder.build()
    var bytes = image.bytes
    bytes.append(contentsOf: input)
    // Behind the segments, where there is room.
    bytes.storeLittleEndian(UInt64(image.bytes.count), at: image.programHeaders + 8)
    file.hold(bytes)
    guard let core = try? ELFCore(opening: file.path),
      let memory = try? PhysicalMemory(core, prefersMapping: true)
    else { return }
    try check(memory.notes, count: input.count)
    _ = memory.warnings
    _ = memory.noteProblems()
    _ = memory.noteRemarks()
    _ = memory.eraseInfo
  }

  private func check(_ notes: CoreNotes, count: Int) throws(FuzzFinding) {
    try FuzzFinding.unless(notes.byteCount <= count + 3, "\(count) bytes became notes of \(notes.byteCount)")
    if let range = notes.vmcoreinfoRange {
      try FuzzFinding.unless(
        range.lowerBound >= 0 && range.upperBound <= notes.byteCount, "VMCOREINFO lies at \(range)")
    }
    _ = notes.vmcoreinfo?.keyCount
    _ = notes.hypervisorTables
    _ = notes.hasHypervisorState
    for status in notes.processorStatus {
      try FuzzFinding.unless(status.count <= count, "a processor's status has \(status.count) bytes")
    }
    let plain = notes.withoutEncryptionMask().withoutHypervisorState()
    try FuzzFinding.unless(!plain.hasHypervisorState, "the state of a hypervisor is still there")
    guard var buffer = try? MappedBuffer(byteCount: max(notes.byteCount, 1)) else { return }
    let missing = notes.read(into: &buffer, count: notes.byteCount, at: 0)
    try FuzzFinding.unless(missing == 0, "\(missing) bytes of the notes are not in the file")
    try FuzzFinding.unless((try? notes.isEqual(to: notes)) ?? true, "notes differ from themselves")
  }
}
