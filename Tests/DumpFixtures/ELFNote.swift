/// One note of a PT_NOTE segment: Elf64_Nhdr, name and descriptor, each padded to 4 bytes.
public struct ELFNote: Sendable {
  /// n_type.
  public var type: UInt32
  /// The owner's name, without the NUL that the file adds.
  public var name: String
  public var descriptor: [UInt8]
  /// Written instead of the true n_namesz where a test wants a lie.
  public var claimedNameSize: UInt32?
  /// Written instead of the true n_descsz where a test wants a lie.
  public var claimedDescriptorSize: UInt32?

  public init(type: UInt32, name: String, descriptor: [UInt8]) {
    self.type = type
    self.name = name
    self.descriptor = descriptor
  }

  /// What the kernel saves for a processor: struct elf_prstatus of x86_64 has 336 bytes, pr_pid is at 32.
  public static func prstatus(cpu: Int) -> ELFNote {
    var descriptor = [UInt8](repeating: 0, count: 336)
    descriptor.storeLittleEndian(UInt32(cpu + 1), at: 32)
    return ELFNote(type: 1, name: "CORE", descriptor: descriptor)
  }

  public static func vmcoreinfo(_ text: String) -> ELFNote {
    ELFNote(type: 0, name: "VMCOREINFO", descriptor: Array(text.utf8))
  }

  /// The note as the file holds it.
  public var bytes: [UInt8] {
    let nameBytes = Array(name.utf8) + [0]
    var out: [UInt8] = []
    out.appendLittleEndian(claimedNameSize ?? UInt32(nameBytes.count))
    out.appendLittleEndian(claimedDescriptorSize ?? UInt32(descriptor.count))
    out.appendLittleEndian(type)
    out += nameBytes
    out.pad(to: 4)
    out += descriptor
    out.pad(to: 4)
    return out
  }
}
