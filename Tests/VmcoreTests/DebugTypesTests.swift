import DumpFixtures
import Foundation
import Testing

@testable import DumpMemory
@testable import KernelModel

/// Debug information that a compiler writes of a program of two files.
///
/// clang comes with Swift, so there is always one.
@Suite(
  "Types out of debug information are those that the compiler laid out",
  .enabled(if: VmlinuxFile.readsDebugInformation))
struct DebugTypesTests {
  private static let first = """
    typedef unsigned long long u64;
    struct list { struct list *next, *prev; };
    struct elsewhere;
    struct apart { struct elsewhere *other; int after; };
    struct box {
      const char *name;
      unsigned int low : 3, high : 7;
      unsigned long wide : 33;
      union { int number; struct { short a, b; } pair; };
      volatile u64 grid[3][5];
      struct list link;
      struct apart *followed;
      struct apart *unfollowed;
      void (*call)(int);
      void *nothing;
      enum color { RED = -1, GREEN = 7 } color;
      enum { LARGE = 1ull << 40, SOME = 240 } size;
      char tail[];
    };
    typedef struct { int counter; } count_t;
    struct box first = { .low = 1 };
    count_t second;
    struct apart *third[4];
    char *text;
    struct c0 *chain;
    int main(void) { return first.low + second.counter + (third[1] != 0) + (text != 0) + (int)first.size; }
    void _start(void) { main(); }
    """
  /// Structures of which each leads to the next.
  private static let chain = (0..<200).map {
    "struct c\($0) { struct c\($0 + 1) *hop; long n[\($0 + 1)]; };\n"
  }.joined()
  private static let second = """
    struct list;
    struct elsewhere { char bytes[40]; struct list *list; };
    struct elsewhere elsewhere;
    """

  private func compile(_ options: [String]) throws -> TemporaryFile {
    let sources = try [Self.chain + Self.first, Self.second].map {
      try TemporaryFile(Array($0.utf8), suffix: "c")
    }
    let program = try TemporaryFile([], suffix: "elf")
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments =
      ["clang", "-g", "-O0", "-nostdlib", "-static"] + options + sources.map(\.path) + ["-o", program.path]
    try compiler.runHearingSignals()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0, "clang \(options)")
    return program
  }

  @Test(
    "Sizes, members, bit-fields, enumerators and variables",
    arguments: [
      ["-gdwarf-5"], ["-gdwarf-4"], ["-gdwarf-3"], ["-gdwarf-2"], ["-gdwarf-5", "-gz=zlib"], ["-O2"],
    ])
  func layout(options: [String]) throws {
    let program = try compile(options)
    let file = try VmlinuxFile(opening: program.path)
    var wanted = WantedTypes()
    wanted.structures = ["box", "color", "absent"]
    wanted.typedefs = ["count_t"]
    wanted.enumerators = ["SOME", "ABSENT"]
    wanted.followed = ["followed", "other", "hop"]
    for (name, value) in try file.values(of: ["first", "second", "third", "text", "chain"]) {
      wanted.variables[name] = value
    }
    try #require(wanted.variables.count == 5)
    let found = try file.types(wanted)
    guard let types = found else {
      Issue.record("there are no types")
      return
    }
    let sizes = ["box", "color", "count_t", "apart", "elsewhere", "absent", "list"].map { types.size($0) }
    #expect(sizes == [208, 4, 4, 16, 48, nil, 16])
    #expect(types.size("c199") == 8 + 200 * 8)
    let offsets = ["name", "number", "pair.b", "grid", "link", "unfollowed", "color", "tail"]
      .map { types.offset("box", $0) }
    #expect(offsets == [0, 16, 18, 24, 144, 168, 192, 208])
    let fields = ["low", "high", "wide"].map { types.member("box", path: $0) }
    #expect(fields.map { $0?.bitOffset } == [64, 67, 74])
    #expect(fields.map { $0?.bitCount } == [3, 7, 33])
    #expect(types.member("box", path: "grid")?.length == 15)
    #expect(types.member("box", path: "grid")?.size == 120)
    let values = ["SOME", "LARGE", "RED", "ABSENT"].map { types.value(ofEnumerator: $0) }
    #expect(values == [240, 1 << 40, -1, nil])

    let variables = types.variables(named: ["first", "second", "third", "text", "chain", "main"])
    #expect(Set(variables.keys) == ["first", "second", "third", "text", "chain"])
    let third = types.object(ofType: try #require(variables["third"]), at: 0)
    #expect(third?.layers == [.array(4), .pointer])
    // Pointers are followed where that is wanted, and lead nowhere where it is not.
    func isDescribed(_ name: String) throws -> Bool {
      let first = types.object(ofType: try #require(variables["first"]), at: 0)
      guard case .structure(let box)? = first?.base, let pointer = types.object(name, of: box, at: 0) else {
        return false
      }
      if case .structure = pointer.base { return true }
      return false
    }
    #expect(try isDescribed("followed"))
    #expect(try !isDescribed("unfollowed"))
    let text = types.object(ofType: try #require(variables["text"]), at: 0)
    guard case .integer(byteCount: 1, isCharacter: true)? = text?.base else {
      Issue.record("text is no char *")
      return
    }
  }

  @Test("Sections that are compressed in an unknown way are an error")
  func unknownCompression() throws {
    let program = try compile(["-gz=zlib"])
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: program.path)))
    func number(_ offset: Int, _ count: Int) -> Int {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    // e_shoff and e_shnum; sh_flags with SHF_COMPRESSED, and ch_type at sh_offset.
    for header in (0..<number(60, 2)).map({ number(40, 8) + $0 * 64 })
    where number(header + 8, 8) & 0x800 != 0 {
      bytes[number(header + 24, 8)] = 99
    }
    let unknown = try TemporaryFile(bytes, suffix: "elf")
    var wanted = WantedTypes()
    wanted.structures = ["box"]
    let error = SymbolErrorKind.of { () throws(KernelError) in
      _ = try VmlinuxFile(opening: unknown.path).types(wanted)
    }
    #expect(error == .malformed)
  }

  @Test("Damaged debug information ends with an error or finds less", arguments: 0..<60)
  func damage(seed: Int) throws {
    let program = try compile(["-gdwarf-\(2 + seed % 4)"])
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: program.path)))
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<40 {
      // Anywhere behind the headers; the debug information is most of it.
      let place = Int.random(in: 0x1000..<bytes.count, using: &generator)
      bytes[place] = UInt8.random(in: 0...255, using: &generator)
    }
    let damaged = try TemporaryFile(bytes, suffix: "elf")
    var wanted = WantedTypes()
    wanted.structures = ["box", "elsewhere"]
    wanted.enumerators = ["SOME", "ABSENT"]
    wanted.followed = ["followed", "next", "list", "other"]
    wanted.variables = ["first": 0x404000]
    do throws(KernelError) {
      let found = try VmlinuxFile(opening: damaged.path).types(wanted)
      guard let types = found else { return }
      #expect(types.count < 1000)
    } catch { #expect(!error.description.isEmpty) }
  }
}
