import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

extension ErasureFixture {
  /// What is erased: names of places and how many bytes from there on.
  func erased(_ text: String) throws -> [String: [UInt64]] {
    let opened = try tables.open()
    let result = try Eraser.run(try ErasureScript(text), opened.kernel)
    var found: [String: [UInt64]] = [:]
    for run in result.memory.runs {
      let place = places.filter { physical($0.value) <= run.start }.max { $0.value < $1.value }!
      found[place.key, default: []] += [run.start - physical(place.value), run.end - run.start]
    }
    return found
  }
}

@Suite(
  "Without a vmlinux the vmcore's own types, and what the file says of variables, lead to what is erased")
struct EraserTests {
  @Test("A variable's type is what BTF or the file says, and the file counts more")
  func types() throws {
    let fixture = ErasureFixture()
    #expect(try fixture.erased("erase described") == ["described": [0, 32]])
    #expect(
      try fixture.erased("erase described.key size 3\nerase described.text") == [
        "described": [0, 3], "text": [0, 8],
      ])
    #expect(try fixture.erased("type described char [5]\nerase described") == ["described": [0, 5]])
    #expect(try fixture.erased("erase plain.key\ntype plain struct secret") == ["plain": [0, 16]])
    #expect(try fixture.erased("type pointer struct secret *\nerase pointer") == ["plain": [0, 32]])
    #expect(try fixture.erased("type pointer struct secret *\nerase pointer nullify") == ["pointer": [0, 8]])
    #expect(
      try fixture.erased("type pointer struct secret *\nerase pointer.text size pointer.count") == [
        "text": [0, 5]
      ])
    #expect(try fixture.erased("type pointer void *\nerase pointer size 7") == ["plain": [0, 7]])
    #expect(try fixture.erased("type pointer long\nerase pointer size 7") == ["pointer": [0, 7]])
  }

  @Test("A module's variables are found among its symbols, and its types behind the kernel's")
  func module() throws {
    let fixture = ErasureFixture()
    let text =
      "[mymodule]\nerase listed.inner.key\ntype value struct own\nerase value.pad\n[vmlinux]\nerase described"
    #expect(try fixture.erased(text) == ["listed": [8, 16], "value": [0, 8], "described": [0, 32]])
    #expect(try fixture.erased("[other]\nerase listed") == [:])
  }

  @Test(
    "What is not known, or is a processor's own, is named, and nothing is erased",
    arguments: [
      ("erase plain", "type plain struct NAME"), ("erase plain size 4", "the type of plain"),
      ("erase nobody", "no symbol nobody"), ("erase each", "per-CPU"),
      ("type plain struct other\nerase plain", "no type struct other"),
      ("type plain union secret\nerase plain", "no type union secret"),
      ("type plain enum secret\nerase plain", "no type enum secret"),
      ("type plain secret\nerase plain", "no type secret"),
      ("type plain struct own\nerase plain", "no type struct own"),
      ("[mymodule]\nerase value", "type value struct NAME"),
      ("[mymodule]\nerase each", "one for each processor"),
      ("[mymodule]\nerase described", "no variable described"),
    ])
  func mistakes(text: String, reason: String) throws {
    try expectFailure(ErasureFixture(), text, reason)
  }

  @Test("A list of modules without an end, and a table of symbols that is too long, end with an error")
  func damage() throws {
    try expectFailure(ErasureFixture(endless: true), "[nobody]\nerase a", "does not end")
    try expectFailure(
      ErasureFixture(symbolCount: 0xffff_ffff), "[mymodule]\nerase value", "4294967295 symbols")
  }

  private func expectFailure(_ fixture: ErasureFixture, _ text: String, _ reason: String) throws {
    do {
      let erased = try fixture.erased(text)
      Issue.record("\(erased) was erased")
    } catch let error as KernelError {
      #expect(error.description.contains(reason), "\(error)")
    }
  }
}
