import DumpFixtures
import DumpMemory
import KernelModel

/// A vmlinux: sections, symbols, notes, BTF, and debug information (DWARF), where this build reads it.
public struct VmlinuxTarget: FuzzTarget {
  public static let name = "dwarf"
  public static let input = "a vmlinux, or another ELF file with debug information"
  public static let mostBytes = 8192

  private let file = MemoryFile()
  private let wanted: WantedTypes

  public init() {
    var wanted = WantedTypes(structures: ["list", "box", "apart", "elsewhere", "outer"])
    wanted.typedefs = ["count_t", "u64"]
    wanted.enumerators = ["RED", "LARGE"]
    wanted.followed = ["followed", "hop"]
    wanted.variables = ["first": 0x40_11d8, "second": 0x40_1290]
    self.wanted = wanted
  }

  public func seeds() -> [FuzzSeed] {
    var types = BTFBuilder()
    let int = types.integer("int", 4)
    _ = types.structure("list", 8, [.init(name: "next", type: int, offset: 0)])
    types.variable("first", int)
    let symbols: [VmlinuxBuilder.Symbol] = [
      .init(name: "_stext", value: 0xffff_ffff_8100_0000, type: 2),
      .init(name: "linux_banner", value: 0xffff_ffff_8200_0020, type: 1),
      .init(name: "init_uts_ns", value: 0xffff_ffff_8200_0100, type: 1),
    ]
    let banner = (address: UInt64(0xffff_ffff_8200_0020), text: "Linux version 6.1.0 (gcc)\n")
    let whole = VmlinuxBuilder(symbols: symbols, btf: types.build(), buildID: [1, 2, 3, 4], banner: banner)
    let extended = VmlinuxBuilder(symbols: symbols, banner: banner, usesExtendedNumbering: true)
    return [
      FuzzSeed("whole", whole.build()), FuzzSeed("extended", extended.build()),
      FuzzSeed("types", VmlinuxBuilder(symbols: nil, btf: types.build()).build()),
      FuzzSeed("bare", types.build()),
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    file.hold(input)
    guard let vmlinux = try? VmlinuxFile(opening: file.path) else { return }
    if let digits = (try? vmlinux.buildID()) ?? nil {
      try FuzzFinding.unless(
        digits.utf8.count <= 2 * input.count, "the build ID has \(digits.utf8.count) digits")
    }
    if let release = (try? vmlinux.release()) ?? nil {
      try FuzzFinding.unless(release.utf8.count <= 256 * 3, "the release has \(release.utf8.count) bytes")
    }
    let names = ["_stext", "linux_banner", "init_uts_ns", "main"]
    if let values = try? vmlinux.values(of: names) {
      try FuzzFinding.unless(values.count <= names.count, "\(values.count) symbols were found")
    }
    guard let types = try? vmlinux.types(wanted) else { return }
    for name in wanted.structures.union(wanted.typedefs) {
      let size = types.size(name) ?? 0
      try FuzzFinding.unless((0...1 << 32).contains(size), "\(name) has \(size) bytes")
      _ = types.member(name, path: "next")
    }
    _ = types.value(ofEnumerator: "RED")
  }
}
