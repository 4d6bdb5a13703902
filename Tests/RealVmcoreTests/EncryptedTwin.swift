import Foundation
import Testing

/// A real vmcore as the same crash would have left it on a machine with AMD SME.
///
/// In XE mode the bytes that the capture kernel reads are, whatever the key, those that the first kernel saw XORed with
/// `T(l ^ r)`: l the address, r where purgatory had copied it to, T the XOR of one constant for each set bit.
final class EncryptedTwin {
  enum Damage {
    /// Only what says that the machine had SME: what the first kernel saw.
    case none
    case xe
    /// Each block differs from every other, as in XEX mode: without the key nothing can be done.
    case noise
  }

  static let mask: UInt64 = 1 << 47

  private var file: UnsafeMutableRawBufferPointer
  private let vmcore: RealVmcore
  private var state: UInt64

  /// Makes the twin at a path.
  @discardableResult
  init(of vmcore: RealVmcore, at path: String, _ damage: Damage, seed: UInt64) throws {
    try ProgramRun.succeeding("/bin/cp", ["--sparse=always", vmcore.path, path])
    let descriptor = open(path, O_RDWR)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let start = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
    try #require(start != UnsafeMutableRawPointer(bitPattern: -1))
    file = UnsafeMutableRawBufferPointer(start: start, count: size)
    self.vmcore = vmcore
    state = seed
    let info = try setMask()
    try setEncryptionBits(info)
    try damageLowMemory(damage)
  }

  deinit {
    munmap(file.baseAddress, file.count)
  }

  /// The segment that went through the backup.
  static func low(of vmcore: RealVmcore) throws -> (start: UInt64, size: UInt64, offset: UInt64) {
    let low = try #require(vmcore.elf.segments.first { $0.physicalAddress + $0.fileSize <= 0xa0000 })
    return (low.physicalAddress, low.fileSize, low.fileOffset)
  }

  private func random() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  private func word(_ offset: UInt64) -> UInt64 {
    file.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
  }

  private func setWord(_ offset: UInt64, _ value: UInt64) {
    file.storeBytes(of: value, toByteOffset: Int(offset), as: UInt64.self)
  }

  /// Every place in the file that holds an address: the kernel's text lies in two segments.
  private func offsets(_ address: UInt64) -> [UInt64] {
    vmcore.elf.segments.compactMap {
      address >= $0.physicalAddress && address - $0.physicalAddress < $0.fileSize
        ? $0.fileOffset + address - $0.physicalAddress : nil
    }
  }

  /// Writes `sme_mask` into VMCOREINFO, which grows by some digits; returns its text.
  private func setMask() throws -> String {
    let old = Data("NUMBER(sme_mask)=0\n".utf8)
    let new = Data("NUMBER(sme_mask)=\(Self.mask)\n".utf8)
    let headers = Int(vmcore.elf.segments.map(\.fileOffset).min() ?? 0)
    let head = Data(bytes: file.baseAddress!, count: headers)
    let place = try #require(head.range(of: old), "\(vmcore.name) has no sme_mask")
    let name = try #require(head.range(of: Data("VMCOREINFO\0".utf8)))
    let noteSize = head.subdata(in: name.lowerBound - 8..<name.lowerBound - 4)
      .withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    let text = name.lowerBound + 12
    var body = head.subdata(in: text..<text + Int(noteSize))
    body.replaceSubrange(place.lowerBound - text..<place.upperBound - text, with: new)
    let growth = new.count - old.count
    let padded = (body.count + 3) & ~3
    try #require(text + padded <= headers, "no room for the longer VMCOREINFO")
    // VMCOREINFO is the last note of /proc/vmcore.
    body.withUnsafeBytes { (file.baseAddress! + text).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    file.storeBytes(of: UInt32(Int(noteSize) + growth), toByteOffset: name.lowerBound - 8, as: UInt32.self)
    let programs = Int(word(32))
    for index in 0..<Int(file.loadUnaligned(fromByteOffset: 56, as: UInt16.self)) {
      let program = programs + index * 56
      guard file.loadUnaligned(fromByteOffset: program, as: UInt32.self) == 4 else { continue }
      let size = UInt64(text + padded) - word(UInt64(program + 8))
      setWord(UInt64(program + 32), size)
      setWord(UInt64(program + 40), size)
    }
    return String(decoding: body, as: UTF8.self)
  }

  /// Sets the C-bit in every present entry of the kernel's page tables.
  private func setEncryptionBits(_ info: String) throws {
    func value(_ key: String) throws -> Substring {
      let line = try #require(info.split(separator: "\n").first { $0.hasPrefix(key + "=") }, "\(key)")
      return line.dropFirst(key.count + 1)
    }
    let top = try #require(UInt64(try value("SYMBOL(init_top_pgt)"), radix: 16))
    let base = try #require(Int64(try value("NUMBER(phys_base)")))
    let root = top &- 0xffff_ffff_8000_0000 &+ UInt64(bitPattern: base)
    var seen: Set<UInt64> = []
    func walk(_ table: UInt64, _ level: Int) {
      let places = offsets(table)
      guard let first = places.first, seen.insert(table).inserted else { return }
      for index in (level == 4 ? 256 : 0)..<512 {
        let entry = word(first + UInt64(index * 8))
        guard entry & 1 != 0 else { continue }
        let isLeaf = level == 1 || (level <= 3 && entry & 0x80 != 0)
        if !isLeaf { walk(entry & 0xf_ffff_ffff_f000 & ~Self.mask, level - 1) }
        for place in places { setWord(place + UInt64(index * 8), entry | Self.mask) }
      }
    }
    walk(root, 4)
  }

  /// Where purgatory copied low memory to: the kexec segment of its size, which the dead kernel remembers.
  private func backup(_ size: UInt64) throws -> UInt64 {
    let all = Data(bytesNoCopy: file.baseAddress!, count: file.count, deallocator: .none)
    let pattern = withUnsafeBytes(of: size) { Data($0) }
    var rest = 0..<file.count
    while let found = all.range(of: pattern, in: rest) {
      let offset = UInt64(found.lowerBound)
      let address = word(offset + 8)
      if word(offset + 16) == (size + 0xfff) & ~0xfff, address & 0xfff == 0, address > 0x10_0000 {
        return address
      }
      rest = found.upperBound..<file.count
    }
    throw CancellationError()
  }

  private func damageLowMemory(_ damage: Damage) throws {
    if case .none = damage { return }
    let low = try Self.low(of: vmcore)
    let backup = try backup(low.size)
    let constants = (0..<48).map { _ in random() & 0xffff_ffff }
    for place in stride(from: 0, to: low.size & ~15, by: 16) {
      var first: UInt64
      var second: UInt64
      switch damage {
      case .none: (first, second) = (0, 0)
      case .noise: (first, second) = (random(), random())
      case .xe:
        let difference = (low.start + place) ^ (backup + place)
        let constant = (4..<48).reduce(0 as UInt64) {
          difference >> UInt64($1) & 1 == 1 ? $0 ^ constants[$1] : $0
        }
        first = constant << 32 | constant
        second = first
      }
      let offset = low.offset + place
      setWord(offset, word(offset) ^ first)
      setWord(offset + 8, word(offset + 8) ^ second)
    }
  }
}
