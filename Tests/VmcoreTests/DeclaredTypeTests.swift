import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Types are written as C writes them without parentheses")
struct DeclaredTypeTests {
  private static let int = DeclaredType.Base.integer(byteCount: 4, isCharacter: false)

  @Test(
    "Words, stars and lengths",
    arguments: [
      ("struct page", .structure("page"), []), ("union a *", .union("a"), [.pointer]),
      ("enum e", .enumeration("e"), []), ("atomic_t", .typedef("atomic_t"), []), ("int", int, []),
      ("unsigned", int, []), ("const signed int*", int, [.pointer]),
      ("char", .integer(byteCount: 1, isCharacter: true), []),
      ("unsigned char", .integer(byteCount: 1, isCharacter: false), []),
      ("short int", .integer(byteCount: 2, isCharacter: false), []),
      ("long unsigned int", .integer(byteCount: 8, isCharacter: false), []),
      ("unsigned long long", .integer(byteCount: 8, isCharacter: false), []),
      ("void **", .void, [.pointer, .pointer]),
      ("struct page *[4]", .structure("page"), [.array(4), .pointer]),
      ("char[2] [0x10]", .integer(byteCount: 1, isCharacter: true), [.array(2), .array(16)]),
    ] as [(String, DeclaredType.Base, [DeclaredType.Layer])])
  func types(text: String, base: DeclaredType.Base, layers: [DeclaredType.Layer]) throws {
    let type = try #require(DeclaredType(text))
    #expect(type.base == base)
    #expect(type.layers == layers)
  }

  @Test(
    "What is no type is refused",
    arguments: [
      "", "*", "[4]", "struct", "struct *", "struct 4", "struct a b", "struct struct", "a b", "4", "a-b",
      "int [",
      "int []", "int [0]", "int [-1]", "int [4294967296]", "int [99999999999999999999]", "int [4] *",
      "int ] 4 [",
      "int [4", "int (*)(void)", "long long long", "long char", "unsigned signed", "int int", "char int",
      "unsigned foo", "int *const", "int " + String(repeating: "*", count: 17), "int \u{e9}", "struct \u{0}",
      String(repeating: "[1]", count: 5_000), String(repeating: "long ", count: 100_000),
    ])
  func mistakes(text: String) {
    #expect(DeclaredType(text) == nil)
  }
}
