import DumpFixtures
import DumpMemory
import Testing

@testable import KernelModel

/// Enumerations that are read out of a vmcore a piece at a time say what all of its types say.
@Suite struct EnumerationTests {
  /// What a kernel with such types has of some names, in pieces and as a whole.
  private func enumerations(_ names: [String], in bytes: [UInt8]) throws -> [String: BTF.Enumerators] {
    let tables = KernelWithTables { $0.spareImagePages = 512 }
    let start = VirtualAddress(tables.place(bytes))
    let opened = try OpenedVmcore(tables.kernel.vmcore()).memory
    let kernel = try Kernel(#require(opened.vmcoreinfo()), of: opened)
    var memory = try kernel.memory()
    return try BTF.enumerations(named: names, from: start, to: start + bytes.count, &memory)
  }

  /// More types and more names than are held at once.
  private var many: BTFBuilder {
    var types = BTFBuilder()
    let int = types.integer("int", 4)
    for index in 0..<9000 {
      _ = types.structure(
        "structure_\(index)", 8, [.init(name: "member_\(index % 7)", type: int, offset: 0)])
      if index % 500 == 0 {
        _ = types.enumeration("number_\(index)", [("VALUE_\(index)", Int32(index)), ("LESS_\(index)", -1)])
      }
    }
    _ = types.enumeration64("size", [("LARGE", 1 << 40)])
    return types
  }

  @Test func `those that are asked for are found, wherever they are`() throws {
    let bytes = many.build()
    #expect(bytes.count > 300_000)
    let names = (0..<18).map { "number_\($0 * 500)" } + ["size", "absent", "structure_3"]
    let found = try enumerations(names, in: bytes)
    #expect(found.count == 19)
    for index in stride(from: 0, to: 9000, by: 500) {
      #expect(found["number_\(index)"] == ["VALUE_\(index)": Int64(index), "LESS_\(index)": -1])
    }
    #expect(found["size"] == ["LARGE": 1 << 40])
  }

  @Test func `a kind that nobody knows is passed over by the layout that BTF brings`() throws {
    var types = BTFBuilder()
    types.add(20, "later", count: 3, word: 0, body: [1, 2, 3, 4])
    _ = types.enumeration("color", [("RED", 1)])
    #expect(throws: KernelError.self) { try enumerations(["color"], in: types.build()) }
    types.layout = (0..<20).map { _ in (0, 0) } + [(4, 4)]
    #expect(try enumerations(["color"], in: types.build()) == ["color": ["RED": 1]])
  }

  @Test func `types that lie of their numbers are refused`() throws {
    var types = BTFBuilder()
    _ = types.enumeration("color", [("RED", 1)])
    types.claimedTypeLength = 1 << 30
    #expect(throws: KernelError.self) { try enumerations(["color"], in: types.build()) }
    types = BTFBuilder()
    types.add(6, "color", count: 5000, word: 4, body: [UInt32](repeating: 0, count: 10_000))
    #expect(throws: KernelError.self) { try enumerations(["color"], in: types.build()) }
    types = BTFBuilder()
    types.add(6, "color", count: 50, word: 4, body: [0, 0])
    #expect(throws: KernelError.self) { try enumerations(["color"], in: types.build()) }
  }
}
