import DumpFixtures
import Foundation
import Testing

/// A checked reassembly is the measure: where no page is damaged, the other is to write the same bytes and to say the same.
@Suite("--reassemble --unchecked")
struct UncheckedReassemblyTests: ShellSuite {
  let folder: ScratchFolder
  private let vmcore: TemporaryFile

  var core: String { vmcore.path }

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
    try expectSuccess(
      "$v -l -d 31 --split --splitblock-size 512 $core p1 p2 p3; $v -c -d 1 --split --splitblock-size 512 $core z1 z2"
    )
  }

  private func expectSame(_ parts: String, _ status: Int32) throws {
    let checked = try shell("$v --reassemble \(parts) a")
    let unchecked = try shell("$v --reassemble --unchecked \(parts) a2")
    #expect(checked.status == status && unchecked.status == status, "\(checked) \(unchecked)")
    #expect(unchecked.errors.replacing("a2", with: "a") == checked.errors)
    try expectSuccess("if [ -e a ]; then cmp a a2; rm a a2; else [ ! -e a2 ]; fi")
  }

  @Test(
    "Parts that were cut, that lack descriptors or have impossible ones: the same pages are left out, in the same words"
  )
  func incomplete() throws {
    try expectSame("p3 p1 p2", 0)
    for share in [30, 60, 95] {
      try expectSuccess("head -c $(($(stat -c %s p2) * \(share) / 100)) p2 > c2")
      try expectSame("p1 c2 p3", 4)
    }
    let whole = try DumpBreaker(folder.path("p2"))
    let (first, second) = (whole.ownPage(from: 3), whole.ownPage(from: 9))
    for (value, offset) in [(0, 0), (1 << 62, 0), (0, 8), (0x7000, 8), (0x40, 12)] {
      var broken = whole
      broken.set(value, at: whole.descriptors + 24 * first + offset, min(8, 12 - offset % 12))
      broken.set(value, at: whole.descriptors + 24 * second + offset, min(8, 12 - offset % 12))
      try broken.write(to: folder.path("b2"))
      try expectSame("p1 b2 p3", 4)
    }
  }

  @Test("Pages whose bytes lie in another order, or are those of another page")
  func disorder() throws {
    var broken = try DumpBreaker(folder.path("z1"))
    let (first, second) = (broken.ownPage(from: 3), broken.ownPage(from: 20))
    broken.copyDescriptor(of: first, to: second)
    try broken.write(to: folder.path("b1"))
    try expectSame("b1 z2", 0)
  }

  @Test("Damage to a page goes along, and verify finds it; a checked one leaves the page out")
  func damage() throws {
    try expectSuccess("$v verify p1 p2 p3")
    var broken = try DumpBreaker(folder.path("p2"))
    broken.zero(broken.offset(broken.ownPage(from: 9)), 24)
    try broken.write(to: folder.path("b2"))
    let checked = try shell("$v --reassemble p1 b2 p3 a")
    #expect(checked.status == 4 && checked.errors.contains("do not make a page"), "\(checked)")
    try expectSuccess("$v --reassemble --unchecked p1 b2 p3 u")
    let run = try shell("$v verify u")
    #expect(run.status == 1 && run.output.contains("1 of 8187 pages cannot be read"), "\(run)")
  }

  @Test(
    "A page of zeros that all share, overwritten: it is no page of zeros any more, and is copied as others are"
  )
  func sharedPage() throws {
    var broken = try DumpBreaker(folder.path("p2"))
    broken.set(0x77, at: broken.descriptors + 24 * broken.pageCount, 8)
    try broken.write(to: folder.path("b2"))
    try expectSame("p1 b2 p3", 0)
  }

  @Test("A codec that the header does not name")
  func foreignCodec() throws {
    var broken = try DumpBreaker(folder.path("z1"))
    broken.set(0x20, at: broken.descriptors + 24 * broken.ownPage(from: 3) + 12, 4)
    try broken.write(to: folder.path("b1"))
    let run = try shell("$v --reassemble --unchecked b1 z2 a")
    #expect(run.status == 1 && run.errors.contains("join it without --unchecked"), "\(run)")
    #expect(try !folder.contents.contains { $0.hasPrefix("a") })
  }

  @Test("It goes with --reassemble only")
  func alone() throws {
    for line in ["-l $core a", "-R a", "--split $core a b"] {
      let run = try shell("$v --unchecked \(line) < /dev/null")
      #expect(run.status == 1 && run.output.contains("--unchecked goes with"), "\(line): \(run)")
    }
  }
}
