import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("What is to be erased is read as makedumpfile.conf is")
struct ErasureScriptTests {
  private func statements(_ text: String) throws -> [ErasureScript.Statement] {
    try ErasureScript(text).sections.flatMap(\.statements)
  }

  private func expression(_ text: String, _ line: Int = 1) -> ErasureScript.Expression {
    ErasureScript.Expression(names: text.split(separator: ".").map(String.init), line: line)
  }

  @Test("Sizes are numbers with K or M, integers of the kernel's, or known")
  func erase() throws {
    let text =
      "erase a.b\nerase a size 25 erase a size 1K\n erase\tb size 2m # c\nerase p nullify\nerase p size q.r"
    let expected: [ErasureScript.Erase] = [
      .init(target: expression("a.b", 1), extent: .automatic),
      .init(target: expression("a", 2), extent: .bytes(25)),
      .init(target: expression("a", 2), extent: .bytes(1024)),
      .init(target: expression("b", 3), extent: .bytes(2 << 20)),
      .init(target: expression("p", 4), extent: .nullify),
      .init(target: expression("p", 5), extent: .value(expression("q.r", 5))),
    ]
    #expect(try statements(text) == expected.map { .erase($0) })
  }

  @Test("Loops go through arrays, chains and lists")
  func loops() throws {
    let erase = ErasureScript.Erase(target: expression("m.key", 2), extent: .value(expression("m.size", 2)))
    for (head, list) in [
      ("array", ErasureScript.List.array(expression("array"))),
      ("first via next", .chain(expression("first"), via: "next")),
      ("head.next within s1:node", .list(expression("head.next"), structure: "s1", member: "node")),
      ("head within s1", .list(expression("head"), structure: "s1", member: "list")),
    ] {
      let text = "for m in \(head)\n  erase m.key size m.size\nendfor\n"
      #expect(try statements(text) == [.loop(variable: "m", list, [erase])])
    }
  }

  @Test("Sections name modules; what stands before the first is the kernel's")
  func sections() throws {
    let script = try ErasureScript("erase a\n[mymodule]\nerase b\n[vmlinux] # comment\nerase c\n[empty]\n")
    #expect(script.sections.map(\.module) == ["vmlinux", "mymodule", "vmlinux"])
    #expect(script.modules == ["mymodule"])
    #expect(script.symbols(of: "vmlinux").map(\.name) == ["a", "c"])
    #expect(script.symbols(of: "vmlinux").map(\.line) == [1, 5])
    #expect(script.symbols(of: "mymodule").map(\.name) == ["b"])
  }

  @Test("Symbols are what objects, sizes and lists begin with, and not the variable of a loop")
  func symbols() throws {
    let script = try ErasureScript(
      "type a struct s\nerase a.b.c size d.e\nfor m in h within q:link\nerase m.x size m.y\nendfor\ntype z t_t"
    )
    #expect(script.symbols(of: "vmlinux").map(\.name) == ["a", "d", "h"])
    let wanted = script.wantedTypes
    #expect(wanted.structures == ["s", "q"])
    #expect(wanted.typedefs == ["t_t"])
    #expect(wanted.followed == ["b", "c", "e", "x", "y"])
  }

  @Test("A type of a symbol takes the rest of its line; a symbol may be called type")
  func types() throws {
    let script = try ErasureScript(
      "erase type size 4 type a char * # text\n[m] # of it\n\ttype  a\tstruct s*[3]\n[vmlinux]\nerase a\n")
    #expect(script.sections.map(\.module) == ["vmlinux", "m", "vmlinux"])
    #expect(script.types(of: "vmlinux")["a"]?.layers == [.pointer])
    #expect(script.types(of: "vmlinux")["a"]?.base == .integer(byteCount: 1, isCharacter: true))
    #expect(script.types(of: "m")["a"]?.layers == [.array(3), .pointer])
    #expect(script.types(of: "m")["a"]?.base == .structure("s"))
  }

  @Test("Kinds of secrets and files are asked for wherever the statement stands; a symbol may be called so")
  func secrets() throws {
    let script = try ErasureScript(
      "secrets keyrings # all\nsecrets\n dm-crypt secrets file /etc/shadow\nerase secrets\n[m]\nsecrets copies"
        + "\nsecrets file /etc/ssh/*_key secrets file /etc/shadow")
    #expect(script.secrets.kinds == [.keyrings, .dmCrypt, .copies])
    #expect(script.secrets.files == ["/etc/shadow", "/etc/ssh/*_key"])
    #expect(script.symbols(of: "vmlinux").map(\.name) == ["secrets"])
    #expect(try ErasureScript("erase a").secrets.isEmpty)
    let shipped = Set(SecretKind.allCases.map(\.rawValue))
    #expect(
      shipped == ["keyrings", "dm-crypt", "crypto", "tls", "ipsec", "wireguard", "random", "freed", "copies"])
  }

  @Test(
    "A mistake is named by its line",
    arguments: [
      ("erase", 1), ("erase a\nerase for", 2), ("erase a size", 1), ("erase a size 0", 1),
      ("erase a size 12Q", 1), ("erase a..b", 1), ("frobnicate a", 1), ("for m of list", 1),
      ("for m in list\nerase m", 1), ("for m in list\nerase other\nendfor", 2), ("[vmlinux\nerase a", 1),
      ("for m in list within s:\nerase m\nendfor", 1), ("for m in list\nfor n in list\nendfor", 2),
      ("endfor", 1), ("erase a size 99999999999999999999", 1), ("type", 1), ("erase a\ntype b", 2),
      ("type b\nint", 1), ("type b.c int", 1), ("type erase int", 1), ("type b int\n\ntype b long", 3),
      ("for m in list\ntype m int\nendfor", 2), ("secrets", 1), ("secrets keys", 1), ("secrets file", 1),
      ("erase a\nsecrets file etc/shadow", 2), ("secrets file /etc/", 1),
      ("for m in list\nsecrets tls\nendfor", 2), ("type b struct", 1), ("type b int\n[4]\ntype b", 3),
    ])
  func mistakes(text: String, line: Int) throws {
    do throws(KernelError) {
      _ = try ErasureScript(text)
      Issue.record("it was taken")
    } catch {
      guard case .syntax(line, _) = error else { throw error }
    }
  }
}

@Suite("Erased bytes are overwritten in the pages on their way into a dump, and no others")
struct ErasureLayerTests {
  @Test("Of what overlaps letters win over null pointers")
  func runs() {
    var memory = ErasedMemory()
    for (start, count, filling) in [
      (UInt64(100), UInt64(50), ErasedMemory.letter), (120, 8, 0), (90, 20, ErasedMemory.letter), (80, 8, 0),
      (146, 8, 0), (80, 8, 0), (150, 4, 0),
    ] {
      let isAdded = memory.add(start, count: count, filling: filling)
      #expect(isAdded)
    }
    memory.finish()
    #expect(memory.runs.map(\.start) == [80, 90, 150])
    #expect(memory.runs.map(\.end) == [88, 150, 154])
    #expect(memory.runs.map(\.filling) == [0, ErasedMemory.letter, 0])
    #expect(memory.byteCount == 72)
  }

  @Test("A page is what it was but for the runs that touch it")
  func pages() throws {
    let kernel = SyntheticKernel(.v6_1)
    let opened = try OpenedVmcore(kernel.vmcore())
    var erased = ErasedMemory()
    _ = erased.add(0x5ff0, count: 0x1020, filling: ErasedMemory.letter)
    _ = erased.add(0x8100, count: 8, filling: 0)
    erased.finish()
    let layer = ErasureLayer(erased, geometry: opened.memory.geometry)
    let memory = PhysicalMemory(opened.memory, adding: layer)
    var reader = try MemoryReader.sequential(memory)
    for pfn in UInt64(4)..<10 {
      var expected = kernel.memory.page(pfn)
      for index in 0..<4096 {
        let address = pfn << 12 + UInt64(index)
        if (0x5ff0..<0x7010).contains(address) { expected[index] = UInt8(ascii: "X") }
        if (0x8100..<0x8108).contains(address) { expected[index] = 0 }
      }
      let actual = try reader.withPage(PFN(pfn)) { page in
        (0..<4096).map { page.littleEndian(at: $0, as: UInt8.self) ?? 0 }
      }
      #expect(actual == expected, "pfn \(pfn)")
      #expect(layer.changes(PFN(pfn)) == (5...8).contains(pfn))
    }
  }
}
