import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("repair brings back what is intact of a broken dump, and no page in another's place")
struct BrokenDumpTests {
  private let folder: ScratchFolder
  private let vmcore: TemporaryFile
  private let truth: ELFVmcore

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
    truth = try ELFVmcore(vmcore.path)
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: vmcore.path, in: folder)
  }

  private func whole(_ options: String) throws -> DumpBreaker {
    #expect(try shell("rm -f whole; $v \(options) $core whole").status == 0)
    return try DumpBreaker(folder.path("whole"))
  }

  /// Repairs a broken dump, and checks what came of it.
  ///
  /// - Parameters:
  ///   - lost: pages that cannot come back.
  ///   - words: what is said.
  private func repair(
    _ broken: DumpBreaker? = nil, _ line: String = "$v repair -f broken new", lost: Int, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try broken?.write(to: folder.path("broken"))
    let run = try shell(line)
    #expect(run.status == (lost == 0 ? 0 : 4), "\(run)", sourceLocation: sourceLocation)
    for word in words {
      #expect((run.output + run.errors).contains(word), "\(run)", sourceLocation: sourceLocation)
    }
    let made = try KdumpDump(folder.path("new"))
    let verdict = judge(dump: made, vmcore: truth)
    #expect(
      verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.cut.isEmpty && verdict.breaches.isEmpty,
      "\(verdict)", sourceLocation: sourceLocation)
    #expect(verdict.right == 8187 - lost, "\(run)", sourceLocation: sourceLocation)
    #expect(made.header.isIncomplete == (lost > 0), sourceLocation: sourceLocation)
    #expect(try !folder.contents.contains { $0.hasSuffix(".partial") })
  }

  static let codecs = ["-c", "-l", "-p", "-z", ""]

  @Test("A dump that is whole is said to be, and no file is made", arguments: ["-l -d 1", "-F -z -d 1"])
  func nothing(options: String) throws {
    let target = options.contains("-F") ? "> whole" : "whole"
    let run = try shell("$v \(options) $core \(target); $v repair --sme off whole new")
    #expect(
      run.status == 3 && run.errors.contains("each of its 8187 pages is whole; new is not written"), "\(run)")
    #expect(try folder.contents == ["whole"])
  }

  @Test(
    "A single descriptor that is wrong in any way: the bytes between its neighbours are its page",
    arguments: codecs)
  func descriptor(codec: String) throws {
    for level in [0, 1] {
      let whole = try whole("\(codec) -d \(level)")
      let page = whole.ownPages(3, from: whole.pageCount / 2) + 1
      let place = whole.descriptors + 24 * page
      for (value, offset, size) in [
        (0, 0, 8), (1 << 40, 0, 8), (whole.offset(page) + 1, 0, 8), (0, 8, 4), (77, 8, 4), (0x40, 12, 4),
        (0, 0, 24),
      ] {
        var broken = whole
        broken.set(value, at: place + offset, min(size, 8))
        if size == 24 { broken.zeroDescriptors(page..<page + 1) }
        // One that claims a byte of the next page leaves that one without a proof, too.
        let count = value == whole.offset(page) + 1 ? 2 : 1
        try repair(broken, lost: 0, "recovered        : \(count) without")
      }
      var broken = whole
      broken.copyDescriptor(of: whole.ownPages(3, from: 100) + 1, to: page)
      try repair(broken, lost: 0, "recovered        : 1 without")
    }
  }

  @Test("Many descriptors: where as many pages lie between the neighbours as frames do", arguments: codecs)
  func descriptors(codec: String) throws {
    var broken = try whole("\(codec) -d 0")
    broken.zeroDescriptors(1000..<1170)
    broken.zeroDescriptors(4000..<4001)
    broken.zeroDescriptors(broken.pageCount - 40..<broken.pageCount)
    try repair(broken, lost: 0, "recovered        : 211 without")
    broken.zeroDescriptors(0..<500)
    try repair(broken, lost: 0, "recovered        : 711 without")
  }

  @Test(
    "Pages of zeros have no bytes: alone they come back, among others nothing is guessed", arguments: codecs)
  func zeroPages(codec: String) throws {
    let whole = try whole("\(codec) -d 1")
    let zero =
      (2000..<8000).first { whole.offset($0) == whole.data && whole.offset($0 + 1) != whole.data } ?? 0
    var broken = whole
    broken.zeroDescriptors(zero..<zero + 1)
    try repair(broken, lost: 0, "recovered        : 1 without their descriptors, 1 of them zeros")
    broken.zeroDescriptors(zero..<zero + 2)
    try repair(broken, lost: 2, "2 have no descriptor, and nothing proves which bytes are theirs")
    // One that was never written has no bytes either.
    broken = whole
    broken.markIncomplete()
    broken.zeroDescriptors(zero..<zero + 1)
    try repair(broken, lost: 1)
    // Where the page that they share is overwritten, none leads there.
    broken = whole
    broken.zeroDescriptors(zero..<zero + 1)
    broken.set(0x77, at: whole.data, 8)
    try repair(broken, lost: (0..<whole.pageCount).count { whole.offset($0) == whole.data })
  }

  @Test(
    "A dump that was cut anywhere behind its bitmaps", arguments: ["-c -d 1", "-l -d 0", "-z -d 1", "-d 0"])
  func cut(options: String) throws {
    let whole = try whole(options)
    for share in [3, 6, 9] {
      var broken = whole
      broken.cut(at: whole.data + (whole.bytes.count - whole.data) / 10 * share)
      let size = broken.bytes.count
      let lost = (0..<whole.pageCount).count { whole.offset($0) + whole.size($0) > size }
      try repair(broken, lost: lost, "\(lost) are not in the file")
    }
  }

  @Test(
    "Bytes of pages that are lost cost these pages, and raw ones beside them", arguments: codecs.dropLast())
  func pages(codec: String) throws {
    let whole = try whole("\(codec) -d 1")
    let page = whole.ownPages(40, from: 3000)
    var broken = whole
    broken.zero(whole.offset(page) + 50, 30000)
    try broken.write(to: folder.path("broken"))
    let run = try shell("$v repair broken new")
    let verdict = judge(dump: try KdumpDump(folder.path("new")), vmcore: truth)
    #expect(run.status == 4 && verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(run) \(verdict)")
    let hit = (0..<whole.pageCount).count {
      let start = whole.offset($0)
      return start != whole.data && start < whole.offset(page) + 30050
        && start + whole.size($0) > whole.offset(page) + 50
    }
    #expect((hit...hit + 2).contains(8187 - verdict.right), "\(hit) \(verdict)")
  }

  @Test("What a manifest contradicts is not taken, and what it confirms needs no other proof")
  func manifest() throws {
    let line = "$v repair -f --check-sum sums broken new"
    let whole = try whole("-d 0")
    #expect(try shell("$v verify --sum sums whole").status == 0)
    // A raw page has no sum of its own.
    let page = whole.ownPages(40, from: 3000)
    var broken = whole
    broken.set(broken.number(at: whole.offset(page) + 100, 1) ^ 1, at: whole.offset(page) + 100, 1)
    try broken.write(to: folder.path("broken"))
    #expect(try shell("$v repair -f --sme off broken new").status == 3)
    try repair(broken, line, lost: 1, "not what sums says: 1")
    // Two whole descriptors that changed places.
    broken = whole
    broken.copyDescriptor(of: page + 1, to: page + 20)
    for index in 0..<24 {
      broken.set(
        whole.number(at: whole.descriptors + 24 * (page + 20) + index, 1),
        at: whole.descriptors + 24 * (page + 1) + index, 1)
    }
    try broken.write(to: folder.path("broken"))
    #expect(try shell("$v repair -f --sme off broken new").status == 3)
    try repair(broken, line, lost: 2, "not what sums says: 2")

    var run = try shell("$v repair --check-sum sums $core other")
    #expect(run.status == 1 && run.errors.contains("not a kdump-compressed dump"), "\(run)")
    run = try shell("$v repair -f --check-sum sums whole sums")
    #expect(run.status == 1 && run.errors.contains("are the same file"), "\(run)")
  }

  @Test(
    "The first block, lost or wrong in any field: the dump is what it was, byte by byte", arguments: codecs)
  func firstBlock(codec: String) throws {
    for level in [0, 1] {
      let whole = try whole("\(codec) -d \(level)")
      for (place, value, count) in [
        (0, 0, 4096), (0, 0, 12), (428, 8192, 4), (432, 7, 4), (436, 8, 4), (440, 99, 4),
      ] {
        var broken = whole
        if count == 4096 { broken.zero(0, count) } else { broken.set(value, at: place, count) }
        try repair(
          broken, lost: 0, "its first block is lost", "whether it was marked incomplete is not known")
        #expect(try shell("cmp whole new").status == 0)
      }
      var broken = whole
      broken.zero(0, 4096)
      broken.cut(at: whole.data + (whole.bytes.count - whole.data) / 2)
      let size = broken.bytes.count
      try repair(broken, lost: (0..<whole.pageCount).count { whole.offset($0) + whole.size($0) > size })
    }
    let run = try shell(
      "truncate -s 0 broken; truncate -s 4096 broken; tail -c +4097 whole >> broken; $v verify broken")
    #expect(run.status == 1 && run.errors.contains("vmsieve repair makes it anew"), "\(run)")
    // Without the second as well nothing is known.
    var broken = try DumpBreaker(folder.path("whole"))
    broken.zero(0, 8192)
    try broken.write(to: folder.path("broken"))
    #expect(try shell("rm new; $v repair broken new; r=$?; [ ! -e new ] && exit $r").status == 1)
  }

  @Test("The second block: all pages come, but none of a file of a split dump", arguments: codecs)
  func secondBlock(codec: String) throws {
    for level in [0, 1] {
      let whole = try whole("\(codec) -d \(level)")
      let text = whole.vmcoreinfo
      try Data(whole.bytes[text.place..<text.place + text.size]).write(to: folder.url("info"))
      for (place, value, count) in [(0, 0, 104), (96, 1 << 40, 8), (96, 0, 8), (12, 1, 4)] {
        var broken = whole
        if count == 104 {
          broken.zero(4096, whole.firstBitmap - 4096)
        } else {
          broken.set(value, at: 4096 + place, count)
        }
        try broken.write(to: folder.path("broken"))
        let run = try shell("$v verify broken")
        #expect(run.status == 1 && run.errors.contains("vmsieve repair makes the sub header anew"), "\(run)")
        try repair(broken, "$v repair -f -i info broken new", lost: 0, "its second block is lost")
      }
      _ = try shell("$v \(codec) -d \(level) --split $core a b")
      for name in ["a", "b"] {
        var part = try DumpBreaker(folder.path(name))
        part.zero(4096, 4096)
        try part.write(to: folder.path("broken"))
        let run = try shell("rm -f new; $v repair -i info broken new; r=$?; [ ! -e new ] && exit $r")
        #expect(run.status == 1 && run.errors.contains("but for a file of a split dump"), "\(run)")
      }
    }
  }

  @Test("A file of a split dump without its first block has that of another, and alone makes its own")
  func splitFirstBlock() throws {
    _ = try shell("$v -l -d 1 --split $core a b; $v -l -d 1 $core whole")
    for name in ["a", "b"] {
      var part = try DumpBreaker(folder.path(name))
      part.zero(0, 4096)
      try part.write(to: folder.path("broken"))
      let other = name == "a" ? "b" : "a"
      try repair(nil, "$v repair -f broken \(other) new", lost: 0, "its first block is lost")
      #expect(try shell("cmp whole new").status == 0)
      // The kernel's page with the machine's names is in one of them, and the other may have no page that became smaller.
      let run = try shell("$v repair -f broken new; $v repair -f \(name) other; cmp -i 428 new other")
      #expect(run.status == 0, "\(run)")
    }
  }

  @Test("A flattened stream that was cut", arguments: ["-c -d 1", "-z -d 0"])
  func stream(options: String) throws {
    _ = try shell("$v -F \(options) $core > whole; head -c $(($(stat -c %s whole) / 10 * 8)) whole > broken")
    let run = try shell("$v repair broken new; r=$?; $v -R --keep-partial other < broken > text; exit $r")
    let made = try KdumpDump(folder.path("new"))
    let verdict = judge(dump: made, vmcore: truth)
    #expect(
      run.status == 4 && verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.cut.isEmpty,
      "\(verdict)")
    let other = judge(dump: try KdumpDump(folder.path("other")), vmcore: truth)
    #expect(verdict.right >= other.right && verdict.right > 4000, "\(verdict) \(other)")
  }

  @Test("Files of a split dump without one of them")
  func split() throws {
    _ = try shell("$v -l -d 1 --split $core a b c")
    let all = try KdumpDump(folder.path("a"))
    let missing = try DumpBreaker(folder.path("b"))
    let range = missing.number(at: 4096 + 80, 8)..<missing.number(at: 4096 + 88, 8)
    let lost =
      all.dumped.count(below: UInt64(range.upperBound)) - all.dumped.count(below: UInt64(range.lowerBound))
    try repair(nil, "$v repair -f c a new", lost: lost, "\(lost) are not in the file")
    try repair(nil, "$v repair -f b new", lost: 8187 - lost)
    #expect(try shell("$v repair --sme off a b c none").status == 3)
    // Of those that are there, one is cut.
    _ = try shell("cp b cut; truncate -s -100000 cut")
    let run = try shell("$v repair -f a cut c new")
    #expect(run.status == 4 && run.output.contains("recovered        : 0"), "\(run)")
    for line in ["$v repair a a x", "$v -z -d 1 $core other; $v repair a other x"] {
      let run = try shell(line)
      #expect(run.status == 1 && run.errors.contains("vmsieve: "), "\(line) \(run)")
    }
  }

  @Test("Bitmaps that disagree with the descriptors are refused: every page may be another's")
  func bitmaps() throws {
    let whole = try whole("-l -d 1")
    for value in [true, false] {
      var broken = whole
      broken.setBit(value, ofBitmapAt: broken.secondBitmap, from: value ? 6100 : 2000)
      try broken.write(to: folder.path("broken"))
      let run = try shell("$v repair broken new")
      #expect(run.status == 1 && run.errors.contains("of which page each is cannot be told"), "\(run)")
    }
    var broken = whole
    broken.setBit(false, ofBitmapAt: broken.firstBitmap, from: 2000)
    try repair(broken, lost: 0)
    #expect(try KdumpDump(folder.path("new")).existing.contains(2000))
    #expect(try !folder.contents.contains("x"))
  }

  @Test("A dump whose pages lie in another order is no proof of anything but its descriptors")
  func order() throws {
    let whole = try whole("-c -d 0")
    var broken = whole
    // Two pages change places, in the file and in their descriptors.
    let (one, other) = (whole.ownPages(1, from: 1000), whole.ownPages(1, from: 5000))
    let size = min(whole.size(one), whole.size(other))
    try #require(size > 0)
    broken.copyDescriptor(of: one, to: other)
    for index in 0..<24 {
      broken.set(
        Int(whole.bytes[whole.descriptors + 24 * other + index]), at: broken.descriptors + 24 * one + index, 1
      )
    }
    broken.zeroDescriptors(3000..<3001)
    try broken.write(to: folder.path("broken"))
    let run = try shell("$v repair broken new")
    #expect(run.status == 4 && run.errors.contains("do not lie in the order of their frames"), "\(run)")
  }
}
