import DumpFixtures
import DumpMemory
import KernelModel

/// The kernel's types (BTF), in its memory and in a file.
public struct BTFTarget: FuzzTarget {
  public static let name = "btf"
  public static let input = "the section .BTF"
  public static let mostBytes = 4096

  private let kernel: PatchedKernel
  private let start: UInt64
  private let file = MemoryFile()
  /// Names that are looked up, of those that the section has.
  private static let mostNames = 12

  public init() {
    let tables = KernelWithTables(.v6_1) {
      $0.ram = [0..<64]
      $0.patternedMemory = false
    }
    start = tables.nextAddress
    kernel = PatchedKernel(tables.kernel)
  }

  public func seeds() -> [FuzzSeed] {
    var layouts = Self.types
    layouts.layout = (0..<21).map { _ in (4, 4) }
    let slabs = SlabFixture(.v6_1, storing: .mixed).types
    let module = ErasureFixture().types
    return [
      FuzzSeed("kinds", Self.types.build()), FuzzSeed("layout", layouts.build()), FuzzSeed("slabs", slabs),
      FuzzSeed("modules", module), FuzzSeed("empty", BTFBuilder().build()),
    ]
  }

  /// One of each kind.
  private static var types: BTFBuilder {
    var types = BTFBuilder()
    let int = types.integer("int", 4)
    let long = types.integer("long", 8)
    let array = types.array(int, 7)
    let inner = types.structure("", 8, [.init(name: "low", type: int, offset: 0, bits: 3)], isUnion: true)
    let outer = types.structure(
      "outer", 64,
      [
        .init(name: "first", type: long, offset: 0), .init(name: "", type: inner, offset: 64),
        .init(name: "many", type: array, offset: 128),
        .init(name: "next", type: types.pointer(5), offset: 448),
      ])
    let name = types.typedef("outer_t", outer)
    let constant = types.add(10, "", word: name)
    _ = types.enumeration("color", [("RED", -1), ("GREEN", 7)])
    _ = types.enumeration64("size", [("LARGE", 1 << 40)])
    let variable = types.variable("current", constant)
    types.dataSection(".data", [(variable, offset: 0, size: 64)])
    // FWD, FUNC_PROTO with a parameter, FUNC, FLOAT, DECL_TAG, TYPE_TAG.
    types.add(7, "forward", word: 0)
    let prototype = types.add(13, "", count: 1, word: int, body: [0, long])
    types.add(12, "call", word: prototype)
    types.add(16, "double", word: 8)
    types.add(17, "tag", word: outer, body: [0])
    types.add(18, "user", word: int)
    return types
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    kernel.memory.restore()
    kernel.memory.write(input, at: kernel.kernel.image.lowerBound << 12 + (start - kernel.kernel.text))
    guard let facts = try? KernelFacts(VMCOREINFO(kernel.info), of: kernel.physical),
      let source = try? facts.memory(of: kernel.physical)
    else { return }
    var memory = source
    let names = Self.names(in: input)
    let end = VirtualAddress(start + UInt64(input.count))
    var found: [String]?
    if let types = try? BTF(from: VirtualAddress(start), to: end, &memory) { found = Self.look(names, types) }
    file.hold(input)
    var others: [String]?
    if let opened = try? VmlinuxFile(opening: file.path), let types = try? opened.types() {
      others = Self.look(names, types)
      if let problem = Self.problem(names, types) { throw FuzzFinding(problem) }
    }
    // What begins with the magic number alone is taken for BTF in a file; it must be nothing, or the same.
    if let found, input.count >= 2 {
      try FuzzFinding.unless(found == others ?? [], "types in memory are others than those in a file")
    }
  }

  /// What there is between two zero bytes, the last first: names are at the end.
  private static func names(in input: [UInt8]) -> [String] {
    let parts = input.split(separator: 0).suffix(mostNames * 2).filter { $0.count < 64 }
    return parts.suffix(mostNames).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func look(_ names: [String], _ types: borrowing BTF) -> [String] {
    var lines = ["\(types.count) types"]
    for name in names {
      lines.append("\(name): \(types.size(name) ?? -1), \(types.value(ofEnumerator: name) ?? -1)")
      for member in names {
        guard let found = types.member(name, path: member) else { continue }
        lines.append("\(name).\(member): \(found.bitOffset) \(found.size ?? -1) \(found.length ?? -1)")
      }
      _ = types.member(name, path: names.joined(separator: "."))
    }
    return lines
  }

  private static func problem(_ names: [String], _ types: borrowing BTF) -> String? {
    for name in names {
      if let size = types.size(name), !(0...1 << 32).contains(size) { return "\(name) has \(size) bytes" }
      for member in names {
        guard let found = types.member(name, path: member) else { continue }
        if found.bitOffset < 0 || (found.size ?? 0) < 0 || (found.length ?? 0) < 0 {
          return "\(name).\(member) is \(found)"
        }
      }
    }
    return nil
  }
}
