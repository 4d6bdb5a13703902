import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("verify finds what is wrong with a dump, and whether it is still what it was")
struct VerifyTests {
  private let folder: ScratchFolder
  private let vmcore: TemporaryFile

  init() throws {
    folder = try ScratchFolder()
    var configuration = KernelConfiguration(.v6_1)
    configuration.ram = [0..<6000, 7000..<9000]
    let kernel = SyntheticKernel(configuration)
    for pfn in stride(from: UInt64(100), to: 3000, by: 3) {
      kernel.memory.store([UInt8](repeating: 0, count: 4096), at: pfn << 12)
    }
    kernel.setFree(pfn: 4096, order: 8)
    vmcore = try kernel.vmcore().write()
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: vmcore.path, in: folder)
  }

  private func expect(
    _ line: String, status: Int32, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  )
    throws
  {
    let run = try shell(line)
    #expect(run.status == status, "\(line): \(run)", sourceLocation: sourceLocation)
    for word in words {
      #expect((run.output + run.errors).contains(word), "\(line): \(run)", sourceLocation: sourceLocation)
    }
    #expect(!run.errors.contains("Fatal"), sourceLocation: sourceLocation)
  }

  // MARK: - What is wrong with a dump

  /// A breakage, and what verify has to say of it.
  enum Breakage: String, CaseIterable {
    case offset = "1 of "
    case size = "size 0"
    case flags = "flags 64"
    case pageBytes = "do not make a page"
    case lostBit = "bits of it are wrong"
    case addedBit = "is damaged: its page_desc"
    case lostMemory = "1 frames of the second bitmap are not in the first"
    case vmcoreinfo = "VMCOREINFO is damaged: it has no line OSRELEASE="
    case copied = "are those of more than one page"
    case copiedZeros = "lie between pages and are of none"
    case notes = "no registers of any processor"
    case notesPlace = "the notes"
    case mark = "marked incomplete"
    case cut = "the dump is cut"
  }

  @Test(arguments: Breakage.allCases, ["-l -d 1", "-z -d 31"])
  func `each way to break a dump is found, and named`(breakage: Breakage, options: String) throws {
    try expect("$v \(options) $core whole > text; $v verify whole", status: 0, "is sound")
    var dump = try DumpBreaker(folder.path("whole"))
    let page = dump.ownPages(1, from: dump.pageCount / 2)
    let descriptor = dump.descriptors + 24 * page
    switch breakage {
    case .offset: dump.set(1 << 40, at: descriptor, 8)
    case .size: dump.set(0, at: descriptor + 8, 4)
    case .flags: dump.set(0x40, at: descriptor + 12, 4)
    case .pageBytes:
      dump.zero(dump.offset(page), dump.size(page))
      try #require(dump.flags(page) != 0)
    case .lostBit: dump.setBit(false, ofBitmapAt: dump.secondBitmap, from: 2000)
    case .addedBit: dump.setBit(true, ofBitmapAt: dump.secondBitmap, from: 10)
    case .lostMemory:
      let copy = dump
      dump.setBit(false, ofBitmapAt: dump.firstBitmap, from: 2000) {
        copy.isBit($0, ofBitmapAt: copy.secondBitmap)
      }
    case .copied: dump.copyDescriptor(of: dump.ownPages(1, from: 100), to: page)
    case .copiedZeros:
      let zeros = try #require((0..<dump.pageCount).first { dump.offset($0) == dump.data })
      dump.copyDescriptor(of: zeros, to: page)
    case .vmcoreinfo: dump.zero(dump.vmcoreinfo.place, dump.vmcoreinfo.size)
    case .notes: dump.zero(dump.notes.place, dump.notes.size)
    case .notesPlace: dump.set(1 << 40, at: 4096 + 48, 8)
    case .mark: dump.markIncomplete()
    case .cut: dump.cut(at: dump.bytes.count - 3)
    }
    try dump.write(to: folder.path("broken"))
    try expect("$v verify broken", status: 1, breakage.rawValue)
  }

  @Test("A split dump is whole with all of its files only")
  func splitSet() throws {
    try expect("$v -l -d 1 --split $core a b c > text; $v verify c a b", status: 0, "is sound", "lzo:")
    try expect("$v verify a c", status: 1, "a file of the same dump is missing")
    try expect("$v verify a b b", status: 1, "has as well")
  }

  @Test("Any number of threads gives one answer")
  func threads() throws {
    _ = try shell("$v -l -d 1 $core whole; head -c 150000 whole > cut")
    let one = try shell("$v verify --num-threads 1 cut")
    for count in [2, 7] {
      let run = try shell("$v verify --num-threads \(count) cut")
      #expect(run.output == one.output && run.status == 1)
    }
    #expect(one.output.contains(" more\n"))
  }

  // MARK: - Manifests

  @Test("A manifest has the SHA-256 of every page, as sha256sum knows it")
  func hashes() throws {
    try expect("$v -l -d 0 $core dump > text; $v verify --sum sums dump", status: 0, "are saved to sums")
    let manifest = [UInt8](try Data(contentsOf: folder.url("sums")))
    let vmcore = try ELFVmcore(vmcore.path)
    var at =
      try #require(manifest.indices.dropFirst().first { manifest[$0] == 10 && manifest[$0 - 1] == 10 }) + 1
    #expect(String(decoding: manifest[..<at], as: UTF8.self).hasPrefix("vmsieve page sums 1\nhash: sha256\n"))
    func word(_ place: Int) -> UInt64 {
      (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(manifest[place + $1]) }
    }
    var pages: [UInt64: String?] = [:]
    let blocks = at
    while word(at) != .max {
      let first = word(at)
      var hash = at + 520
      for frame in 0..<2048 where manifest[at + 8 + frame / 8] >> (frame % 8) & 1 == 1 {
        guard manifest[at + 264 + frame / 8] >> (frame % 8) & 1 == 1 else {
          pages[first + UInt64(frame)] = .some(nil)
          continue
        }
        pages[first + UInt64(frame)] = manifest[hash..<hash + 32].map { String(format: "%02x", $0) }.joined()
        hash += 32
      }
      at = hash
    }
    #expect(word(at + 8) == UInt64(pages.count) && word(at + 16) == UInt64(pages.values.count { $0 == nil }))
    // sha256sum of the blocks, and of some pages.
    try Data(manifest[blocks..<at]).write(to: folder.url("blocks"))
    var names: [String: String] = [
      "blocks": manifest[(at + 32)...].map { String(format: "%02x", $0) }.joined()
    ]
    for (pfn, hash) in pages {
      let content = try #require(vmcore.content(pfn))
      #expect(content.allSatisfy { $0 == 0 } == (hash == nil))
      guard let hash, names.count < 200 else { continue }
      names["page\(pfn)"] = hash
      try Data(content).write(to: folder.url("page\(pfn)"))
    }
    try folder.write(names.map { "\($1)  \($0)\n" }.joined(), to: "list")
    try expect("sha256sum --quiet -c list", status: 0)
    #expect(names.count == 200)
  }

  @Test(
    "The same pages have the same sums in every format, with every codec, and at every level that keeps them")
  func formats() throws {
    _ = try shell("$v -l -d 0 $core first; $v verify --num-threads 3 --sum sums first > text")
    let sum = try shell("sed -n 's/^all of them have the sum //p' text").output
    #expect(sum.count == 65)
    for options in ["-c -d 1", "-p -d 1", "-z -d 0", "-d 1", "-E -d 0", "-F -z -d 1"] {
      let target = options.contains("-F") ? "> other" : "other"
      try expect(
        "rm -f other again; $v \(options) $core \(target); $v verify --check-sum sums --sum again other",
        status: 0,
        "are those of sums", "all of them have the sum \(sum)")
      try expect("tail -c 32 sums > x; tail -c 32 again | cmp - x", status: 0)
    }
    try expect(
      "$v -l --split -d 1 $core p q; $v verify --check-sum sums q p", status: 0, "pages are those of sums")
    try expect(
      "$v -z -d 31 first less; $v verify --check-sum sums less", status: 0, ", 0 are not",
      "256 pages of sums are not in the dump", "0 of them are zeros", "is sound")
    try expect(
      "$v verify --sum few less > text; $v verify --check-sum few first", status: 0,
      "256 pages of the dump are not in few")
  }

  @Test("A page that has changed is named, and another dump is told")
  func changed() throws {
    _ = try shell("$v -d 0 $core dump; $v verify --sum sums dump")
    var dump = try DumpBreaker(folder.path("dump"))
    for page in [77, 1234] { dump.set(0x5a, at: dump.offset(page) + 100, 1) }
    try dump.write(to: folder.path("changed"))
    try expect(
      "$v verify --check-sum sums changed", status: 1, "2 are not", "pfn 0x4d has changed",
      "pfn 0x4d2 has changed",
      "2 pages have changed")
    try expect(
      "$v verify --json --check-sum sums changed", status: 1, #""different": 2"#, #""changed": [77, 1234]"#,
      #""sound": false"#)
  }

  @Test("Nothing is overwritten unasked, a check writes nothing, and a manifest that is none is refused")
  func files() throws {
    _ = try shell("$v -l -d 1 $core dump; $v verify --sum sums dump; cp sums kept")
    try expect("$v verify --sum sums dump", status: 1, "sums", "--check-sum", "-f")
    try expect("cmp sums kept", status: 0)
    try expect("$v verify -f --sum sums dump", status: 0)
    try expect("cmp sums kept", status: 0)
    try expect("$v verify --check-sum absent dump", status: 1, "absent: open: No such file")
    try expect("$v verify --sum dump dump", status: 1, "same file")
    try expect("$v verify -f --sum sums --check-sum sums dump", status: 1, "same file")
    try expect("$v verify --check-sum dump dump", status: 1, "not a manifest")
    try expect("head -c -1 sums > cut; $v verify --check-sum cut dump", status: 1, "it was cut")
    try expect("head -c 3000 sums > cut; $v verify --check-sum cut dump", status: 1, "it was cut")
    try expect(
      "cp sums bad; printf X | dd of=bad bs=1 seek=4000 conv=notrunc 2> /dev/null; $v verify --check-sum bad dump",
      status: 1, "bad: damaged")
    try expect("$v verify --sum /nonexistent/sums dump", status: 1, "No such file")
    #expect(try folder.contents == ["bad", "cut", "dump", "kept", "sums"])
  }

  @Test("What cannot be read has no sum, and that is said")
  func lost() throws {
    _ = try shell("$v -l -d 1 $core dump; $v verify --sum all dump; head -c 150000 dump > cut")
    try expect("$v verify --sum sums cut", status: 1, "are saved to sums", "is incomplete")
    try expect("$v verify --check-sum sums dump", status: 0, "the dump that sums is of lacked")
    try expect("$v verify --check-sum all cut", status: 1, "0 are not", "of all are not in the dump")
  }
}
