import DumpFixtures
import Foundation
import Testing

/// A real vmcore as the same crash would have left it on a machine with AMD SME.
///
/// Purgatory reads low memory as ciphertext, made at address l, and writes it to the backup at r; the capture kernel
/// decrypts it there: D(E(m, l), r).
final class EncryptedTwin {
  let controller: SimulatedController
  /// Where the low segment begins.
  let start: UInt64
  /// What the first kernel saw there.
  var truth: [UInt8] { damage.truth }
  /// What the vmcore has there now.
  var seen: [UInt8] { damage.seen }
  /// Offsets in the low segment of pages that the first kernel never wrote: it saw noise, and so does everybody.
  var untouchedPages: Set<Int> { damage.untouchedPages }
  /// Offsets in the low segment of lines that did not reach the DRAM in time.
  var staleLines: [Int] { damage.staleLines }

  private let file: UnsafeMutableRawBufferPointer
  private let vmcore: RealVmcore
  private let recipe: TwinRecipe
  private let mask: UInt64
  /// Where the low segment lies in the file.
  private let lowOffset: UInt64?
  private var damage: LowDamage
  /// Where a segment of the crash kernel says where the backup is, and its four words.
  private lazy var backupSegments = findBackupSegments()
  /// Pages whose last entry got no bit.
  private(set) var decrypted: Set<UInt64> = []

  /// Makes the twin at a path.
  @discardableResult
  init(of vmcore: RealVmcore, at path: String, _ recipe: TwinRecipe) throws {
    try ProgramRun.succeeding("/bin/cp", ["--sparse=always", vmcore.path, path])
    let descriptor = open(path, O_RDWR)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let memory = try #require(mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
    try #require(memory != UnsafeMutableRawPointer(bitPattern: -1))
    file = UnsafeMutableRawBufferPointer(start: memory, count: size)
    self.vmcore = vmcore
    self.recipe = recipe
    mask = 1 << UInt64(recipe.bit)
    controller = SimulatedController(recipe.mode, recipe.tweaks, seed: recipe.seed)
    // kexec_file_load of these kernels saves nothing: then there is no such segment, and nothing is damaged.
    let low = Self.lowSegment(of: vmcore)
    start = low?.start ?? 0
    lowOffset = low?.offset
    damage = LowDamage(undamaged: low.map { [file] in Self.bytes(of: file, $0.offset, $0.size & ~15) } ?? [])
    let info = try setMask()
    try setEncryptionBits(info)
    if recipe.isDamaged, low != nil {
      let backup = try recipe.backup ?? ownBackup
      state(recipe.image, of: backup)
      try replaceLowMemory(
        LowDamage(of: truth, at: start, backup: backup, controller: controller, recipe: recipe))
    }
    if recipe.wholeDump { try encryptAll(but: low?.offset ?? .max) }
  }

  deinit {
    munmap(file.baseAddress, file.count)
  }

  /// The segment that went through the backup.
  static func low(of vmcore: RealVmcore) throws -> (start: UInt64, size: UInt64, offset: UInt64) {
    try #require(lowSegment(of: vmcore), "\(vmcore.name) has no segment below 640 KiB")
  }

  private static func lowSegment(of vmcore: RealVmcore) -> (start: UInt64, size: UInt64, offset: UInt64)? {
    vmcore.elf.segments.first { $0.physicalAddress + $0.fileSize <= 0xa0000 }
      .map { ($0.physicalAddress, $0.fileSize, $0.fileOffset) }
  }

  /// memcpy: slices are copied byte by byte where nothing is optimised.
  private static func bytes(of file: UnsafeMutableRawBufferPointer, _ offset: UInt64, _ size: UInt64)
    -> [UInt8]
  {
    [UInt8](unsafeUninitializedCapacity: Int(size)) { bytes, count in
      memcpy(bytes.baseAddress!, file.baseAddress! + Int(offset), Int(size))
      count = Int(size)
    }
  }

  /// Calls the body with the offset of each byte of a value, those of the last 32 left out; by memchr, as nothing else here
  /// is as fast.
  private func forEachPlace(of byte: UInt8, _ body: (UInt64) -> Void) {
    var start = file.baseAddress!
    let end = start + file.count - 32
    while start < end, let place = memchr(start, Int32(byte), end - start) {
      body(UInt64(place - file.baseAddress!))
      start = place + 1
    }
  }

  private func word(_ offset: UInt64) -> UInt64 {
    file.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self)
  }

  private func setWord(_ offset: UInt64, _ value: UInt64) {
    file.storeBytes(of: value, toByteOffset: Int(offset), as: UInt64.self)
  }

  private func setBytes(_ offset: UInt64, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes {
      (file.baseAddress! + Int(offset)).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
    }
  }

  /// Every place in the file that holds an address: the kernel's text lies in two segments.
  private func offsets(_ address: UInt64) -> [UInt64] {
    vmcore.elf.segments.compactMap {
      address >= $0.physicalAddress && address - $0.physicalAddress < $0.fileSize
        ? $0.fileOffset + address - $0.physicalAddress : nil
    }
  }

  // MARK: - What the kernel says

  /// Writes `sme_mask` into VMCOREINFO, or takes it out; returns the text.
  private func setMask() throws -> String {
    let old = Data("NUMBER(sme_mask)=0\n".utf8)
    let new = Data((recipe.statesMask ? "NUMBER(sme_mask)=\(mask)\n" : "").utf8)
    let headers = Int(vmcore.elf.segments.map(\.fileOffset).min() ?? 0)
    let head = Data(bytes: file.baseAddress!, count: headers)
    let place = try #require(head.range(of: old), "\(vmcore.name) has no sme_mask")
    let name = try #require(head.range(of: Data("VMCOREINFO\0".utf8)))
    let noteSize = head.subdata(in: name.lowerBound - 8..<name.lowerBound - 4)
      .withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    let text = name.lowerBound + 12
    var body = head.subdata(in: text..<text + Int(noteSize))
    body.replaceSubrange(place.lowerBound - text..<place.upperBound - text, with: new)
    let padded = (body.count + 3) & ~3
    try #require(text + padded <= headers, "no room for the longer VMCOREINFO")
    // VMCOREINFO is the last note of /proc/vmcore.
    setBytes(UInt64(text), Array(body) + [UInt8](repeating: 0, count: padded - body.count))
    file.storeBytes(of: UInt32(body.count), toByteOffset: name.lowerBound - 8, as: UInt32.self)
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

  /// Sets the C-bit in every present entry of the kernel's page tables, and of the processes' that are known.
  private func setEncryptionBits(_ info: String) throws {
    func value(_ key: String) throws -> Substring {
      let line = try #require(info.split(separator: "\n").first { $0.hasPrefix(key + "=") }, "\(key)")
      return line.dropFirst(key.count + 1)
    }
    let top = try #require(UInt64(try value("SYMBOL(init_top_pgt)"), radix: 16))
    let base = try #require(Int64(try value("NUMBER(phys_base)")))
    let root = top &- 0xffff_ffff_8000_0000 &+ UInt64(bitPattern: base)
    let levels = try value("NUMBER(pgtable_l5_enabled)") == "1" ? 5 : 4
    var seen: Set<UInt64> = []
    func walk(_ table: UInt64, _ level: Int) {
      let places = offsets(table)
      guard let first = places.first, seen.insert(table).inserted else { return }
      for index in 0..<512 {
        let entry = word(first + UInt64(index * 8))
        guard entry & 1 != 0 else { continue }
        let isLeaf = level == 1 || (level <= 3 && entry & 0x80 != 0)
        if !isLeaf { walk(entry & 0xf_ffff_ffff_f000 & ~mask, level - 1) }
        let page = entry & 0xf_ffff_ffff_f000
        let isDecrypted = level == 1 && recipe.decrypted.contains(page)
        if isDecrypted { decrypted.insert(page) }
        for place in places { setWord(place + UInt64(index * 8), isDecrypted ? entry : entry | mask) }
      }
    }
    for table in [root] + recipe.processTables { walk(table, levels) }
  }

  private func findBackupSegments() -> [(offset: UInt64, words: [UInt64])] {
    guard let size = Self.lowSegment(of: vmcore)?.size else { return [] }
    var found: [(offset: UInt64, words: [UInt64])] = []
    // The first byte of the size is a common one.
    forEachPlace(of: UInt8(size >> 8 & 0xff)) { place in
      let offset = place &- 1
      guard offset % 8 == 0, word(offset) == size else { return }
      // struct kexec_segment: buf, bufsz, mem, memsz.
      let address = word(offset + 8)
      guard word(offset + 16) == (size + 0xfff) & ~0xfff, address & 0xfff == 0, address > 0x10_0000 else {
        return
      }
      found.append((offset - 8, (0..<4).map { word(offset - 8 + $0 * 8) }))
    }
    return found
  }

  /// Where purgatory copied the low segment to on the real machine.
  var ownBackup: UInt64 {
    get throws {
      let segment = try #require(backupSegments.first, "\(vmcore.name) has no backup region")
      return segment.words[2]
    }
  }

  /// Makes the crash kernel's segments say something of where the backup is.
  func state(_ image: TwinRecipe.KexecImage, of backup: UInt64) {
    for segment in backupSegments {
      var words = segment.words
      switch image {
      case .match: words[2] = backup
      case .stale: break
      case .absent: words = [0, 0, 0, 0]
      }
      for (place, word) in words.enumerated() { setWord(segment.offset + UInt64(place) * 8, word) }
    }
  }

  // MARK: - What memory holds

  /// Another crash of the same machine: what the vmcore has of low memory.
  func replaceLowMemory(_ damage: LowDamage) throws {
    setBytes(try #require(lowOffset), damage.seen)
    self.damage = damage
  }

  /// Makes the kernel's types unreadable, as of one that was built without CONFIG_DEBUG_INFO_BTF: then nobody knows where
  /// its slabs lie.
  func hideTypes() throws {
    // struct btf_header: magic, version 1, no flags, 24 bytes.
    let header: UInt64 = 0x18_0001_eb9f
    var count = 0
    forEachPlace(of: 0xeb) { place in
      guard place > 0, word(place - 1) == header else { return }
      setWord(place - 1, 0)
      count += 1
    }
    try #require(count > 0, "\(vmcore.name) has no BTF")
  }

  private func encryptAll(but low: UInt64) throws {
    for segment in vmcore.elf.segments where segment.fileOffset != low && segment.fileSize > 0 {
      let size = segment.fileSize & ~15
      var bytes = Self.bytes(of: file, segment.fileOffset, size)
      try controller.encrypt(&bytes, at: segment.physicalAddress)
      setBytes(segment.fileOffset, bytes)
    }
  }
}
