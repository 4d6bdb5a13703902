import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

/// What a lookup test asks of the types; the bytes go through a file, as those of a vmlinux do.
private func withTypes<Result>(
  _ builder: BTFBuilder, _ body: (borrowing BTF) throws -> Result
) throws -> Result {
  let file = try TemporaryFile(builder.build(), suffix: "btf")
  guard let types = try VmlinuxFile(opening: file.path).types() else { throw KernelError.absent("no types") }
  return try body(types)
}

private func failure(_ bytes: [UInt8]) throws -> SymbolErrorKind? {
  let file = try TemporaryFile(bytes, suffix: "btf")
  return SymbolErrorKind.of { () throws(KernelError) in _ = try VmlinuxFile(opening: file.path).types() }
}

@Suite struct SymbolsBTFTests {
  @Test func `sizes that no type of a kernel has are none, and slabs are not counted by them`() throws {
    var builder = BTFBuilder()
    let char = builder.integer("char", 1)
    let large = builder.array(builder.array(char, 1 << 31), 1 << 30)
    let pointer = builder.pointer()
    let int = builder.integer("int", 4)
    _ = builder.typedef("large_t", large)
    _ = builder.structure(
      "slab", 64,
      [
        .init(name: "slab_cache", type: pointer, offset: 64),
        .init(name: "freelist", type: pointer, offset: 256),
        .init(name: "inuse", type: int, offset: 320), .init(name: "objects", type: large, offset: 384),
      ])
    _ = builder.structure(
      "kmem_cache", 200,
      ["size", "offset", "name", "object_size", "inuse", "flags"].enumerated().map {
        .init(name: $0.element, type: int, offset: $0.offset * 64)
      })
    try withTypes(builder) { types in
      #expect(types.size("large_t") == nil)
      #expect(types.member("slab", path: "objects")?.size == nil)
      #expect(SymbolErrorKind.of { () throws(KernelError) in _ = try SlabLayout(types) } == .absent)
    }
  }

  @Test func `structures, unions, typedefs, pointers and arrays have their sizes`() throws {
    var builder = BTFBuilder()
    let int = builder.integer("int", 4)
    let pointer = builder.pointer(int)
    let array = builder.array(int, 6)
    let matrix = builder.array(array, 5)
    let constant = builder.add(10, "", word: matrix)
    let twice = builder.typedef("matrix_t", builder.typedef("inner_t", constant))
    let handle = builder.typedef("handle_t", pointer)
    _ = builder.structure(
      "box", 200,
      [.init(name: "grid", type: twice, offset: 64), .init(name: "next", type: pointer, offset: 1024)])
    _ = builder.structure("either", 8, [.init(name: "a", type: int, offset: 0)], isUnion: true)
    _ = builder.enumeration("color", [("RED", -1), ("GREEN", 7)])
    // A typedef of the same name as a structure does not hide it.
    _ = builder.typedef("box", int)
    try withTypes(builder) { types in
      #expect(types.size("int") == 4)
      #expect(types.size("box") == 200)
      #expect(types.size("either") == 8)
      #expect(types.size("matrix_t") == 120)
      #expect(types.size("handle_t") == 8)
      #expect(types.size("color") == 4)
      #expect(types.size("absent") == nil)
      #expect(types.size("") == nil)
      #expect(handle > 0)
      let gridMember = types.member("box", path: "grid")
      let grid = try #require(gridMember)
      #expect(grid.offset == 8)
      #expect(grid.size == 120)
      #expect(grid.length == 5)
      #expect(types.offset("box", "next") == 128)
      #expect(types.member("box", path: "next")?.size == 8)
      #expect(types.offset("box", "absent") == nil)
      #expect(types.offset("int", "absent") == nil)
    }
  }

  @Test func `variables are found by their names, unless those of several types have the same`() throws {
    var builder = BTFBuilder()
    let int = builder.integer("int", 4)
    let long = builder.integer("long", 8)
    let variables = [("first", int), ("both", int), ("twice", long), ("both", long), ("twice", long)]
      .map { builder.variable($0.0, $0.1) }
    builder.dataSection(".data", variables.enumerated().map { ($1, offset: UInt32($0 * 8), size: 8) })
    try withTypes(builder) { types in
      let found = types.variables(named: ["first", "both", "twice", "int", "absent", ".data"])
      #expect(found == ["first": int, "twice": long])
      #expect(types.size("first") == nil)
    }
  }

  @Test func `a module's types go on where the kernel's end, and its names come first`() throws {
    var kernel = BTFBuilder()
    let int = kernel.integer("int", 4)
    _ = kernel.structure("both", 8, [.init(name: "old", type: int, offset: 0)])
    kernel.variable("shared", int)
    let shared = kernel.structure("shared", 24, [.init(name: "a", type: int, offset: 64)])
    var module = BTFBuilder(following: kernel)
    let array = module.array(shared, 3)
    _ = module.structure(
      "own", 80, [.init(name: "x", type: array, offset: 0), .init(name: "old", type: int, offset: 576)])
    _ = module.structure("both", 16, [.init(name: "new", type: int, offset: 64)])
    let variable = module.variable("a", array)
    #expect(variable == kernel.count + 4)
    let types = try BTF(try BTF(kernel.build()), adding: module.build().span.bytes)
    #expect(types.count == Int(kernel.count) + 4)
    let sizes = ["int", "shared", "own", "both"].map { types.size($0) }
    #expect(sizes == [4, 24, 80, 16])
    #expect(types.member("own", path: "x")?.size == 72)
    #expect(types.offset("own", "old") == 72)
    #expect(types.offset("both", "new") == 8)
    let own = types.variables(named: ["a", "shared"], beyond: Int(kernel.count))
    #expect(own == ["a": array])
  }

  @Test func `a module's types whose sections lie outside of them are refused`() throws {
    var kernel = BTFBuilder()
    _ = kernel.integer("int", 4)
    var module = BTFBuilder(following: kernel)
    _ = module.integer("long", 8)
    let whole = module.build()
    for length in 0..<whole.count {
      let cut = Array(whole[..<length])
      let error = SymbolErrorKind.of { () throws(KernelError) in
        _ = try BTF(try BTF(kernel.build()), adding: cut.span.bytes)
      }
      #expect(error == .malformed, "\(length)")
    }
    for place in stride(from: 4, to: 24, by: 4) {
      var damaged = whole
      damaged.replaceSubrange(place..<place + 4, with: [0xff, 0xff, 0xff, 0x7f])
      let error = SymbolErrorKind.of { () throws(KernelError) in
        _ = try BTF(try BTF(kernel.build()), adding: damaged.span.bytes)
      }
      #expect(error == .malformed, "\(place)")
    }
  }

  @Test func `members are found through unnamed ones and through paths`() throws {
    var builder = BTFBuilder()
    let long = builder.integer("long unsigned int", 8)
    let pointer = builder.pointer()
    let pair = builder.structure(
      "", 16,
      [.init(name: "freelist", type: pointer, offset: 0), .init(name: "counters", type: long, offset: 64)])
    let choice = builder.structure(
      "", 16, [.init(name: "rcu", type: long, offset: 0), .init(name: "", type: pair, offset: 0)],
      isUnion: true)
    let arch = builder.structure(
      "kimage_arch", 32,
      [
        .init(name: "backup_src_start", type: long, offset: 0),
        .init(name: "backup_load_addr", type: long, offset: 128),
      ])
    let constArch = builder.add(10, "", word: builder.typedef("arch_t", arch))
    _ = builder.structure(
      "kimage", 400,
      [
        .init(name: "head", type: long, offset: 0), .init(name: "", type: choice, offset: 256),
        .init(name: "arch", type: constArch, offset: 640),
      ])
    try withTypes(builder) { types in
      #expect(types.offset("kimage", "freelist") == 32)
      #expect(types.offset("kimage", "counters") == 40)
      #expect(types.offset("kimage", "rcu") == 32)
      #expect(types.offset("kimage", "arch.backup_load_addr") == 80 + 16)
      #expect(types.offset("kimage", "arch.absent") == nil)
      #expect(types.offset("kimage", "head.absent") == nil)
      #expect(types.offset("kimage", "arch.") == nil)
      #expect(types.offset("kimage", "") == nil)
    }
  }

  @Test func `bit-fields have places and widths in bits`() throws {
    var builder = BTFBuilder()
    let int = builder.integer("unsigned int", 4)
    let counters = builder.structure(
      "", 8,
      [
        .init(name: "inuse", type: int, offset: 0, bits: 16),
        .init(name: "objects", type: int, offset: 16, bits: 15),
        .init(name: "frozen", type: int, offset: 31, bits: 1), .init(name: "stride", type: int, offset: 32),
      ])
    _ = builder.structure("slab", 64, [.init(name: "", type: counters, offset: 320)])
    try withTypes(builder) { types in
      let objectsMember = types.member("slab", path: "objects")
      let objects = try #require(objectsMember)
      #expect(objects.bitOffset == 336)
      #expect(objects.bitCount == 15)
      #expect(objects.offset == 42)
      let frozenMember = types.member("slab", path: "frozen")
      let frozen = try #require(frozenMember)
      #expect(frozen.bitOffset == 351)
      #expect(frozen.offset == nil)
      #expect(types.member("slab", path: "stride")?.bitCount == nil)
      #expect(types.offset("slab", "stride") == 44)
    }
  }

  @Test func `enumerators have their values in 32 and in 64 bits`() throws {
    var builder = BTFBuilder()
    _ = builder.enumeration("pageflags", [("PG_locked", 0), ("PG_slab", 9), ("PG_none", -5)])
    _ = builder.enumeration64("wide", [("BIG", 1 << 40), ("NEGATIVE", UInt64(bitPattern: -2))])
    try withTypes(builder) { types in
      #expect(types.value(ofEnumerator: "PG_slab") == 9)
      #expect(types.value(ofEnumerator: "PG_none") == -5)
      #expect(types.value(ofEnumerator: "BIG") == 1 << 40)
      #expect(types.value(ofEnumerator: "NEGATIVE") == -2)
      #expect(types.value(ofEnumerator: "ABSENT") == nil)
    }
  }

  @Test func `every kind up to the nineteenth is passed over, and later ones by the layout that BTF brings`()
    throws
  {
    var builder = BTFBuilder()
    let int = builder.integer("int", 4)
    builder.add(7, "forward", word: 0)
    builder.add(9, "", word: int)
    builder.add(11, "", word: int)
    let prototype = builder.add(13, "", count: 2, word: int, body: [0, int, 0, int])
    builder.add(12, "main", word: prototype)
    builder.add(14, "variable", word: int, body: [1])
    builder.add(15, ".data", count: 1, word: 4, body: [7, 0, 4])
    builder.add(16, "double", word: 8)
    builder.add(17, "tag", word: int, body: [0])
    builder.add(18, "tag", word: int)
    var known = builder
    _ = known.structure("last", 24, [.init(name: "m", type: int, offset: 32)])
    try withTypes(known) { types in
      #expect(types.count == 12)
      #expect(types.size("last") == 24)
      #expect(types.size("double") == nil, "floats are not looked up by name")
    }

    builder.add(21, "new", count: 3, word: 0, body: [1, 2, 3, 4])
    _ = builder.structure("last", 24, [.init(name: "m", type: int, offset: 32)])
    #expect(try failure(builder.build()) == .malformed)
    builder.layout = Array(repeating: (0, 0), count: 21) + [(4, 4)]
    try withTypes(builder) { types in #expect(types.offset("last", "m") == 4) }
  }

  @Test func `types that lead to themselves are found to have no size`() throws {
    var builder = BTFBuilder()
    _ = builder.typedef("loop", 1)
    _ = builder.typedef("one", 3)
    _ = builder.typedef("other", 2)
    _ = builder.add(3, "", word: 0, body: [4, 4, 1000])
    _ = builder.typedef("endless", 4)
    // Each of the members is the structure itself, unnamed.
    let members = (0..<40).map { _ in BTFBuilder.Member(name: "", type: 6, offset: 8) }
    _ = builder.structure("nest", 8, members)
    try withTypes(builder) { types in
      for name in ["loop", "one", "other", "endless"] { #expect(types.size(name) == nil) }
      #expect(types.offset("nest", "anything") == nil)
      #expect(types.size("nest") == 8)
    }
  }

  @Test func `names that a million types share cost no more than a few looks`() throws {
    var builder = BTFBuilder()
    for _ in 0..<100_000 { _ = builder.typedef("same", 1) }
    _ = builder.structure("same", 8, [])
    _ = builder.structure("apart", 16, [])
    try withTypes(builder) { types in
      #expect(types.size("apart") == 16)
      #expect(types.size("same") == nil)
    }
  }

  @Test func `headers that lie are refused`() throws {
    var builder = BTFBuilder()
    _ = builder.structure("box", 8, [])
    var other = builder
    other.magic = 0x9feb
    #expect(try failure(other.build()) == .malformed)
    other = builder
    other.claimedTypeLength = 1 << 30
    #expect(try failure(other.build()) == .malformed)
    other = builder
    other.claimedTypeLength = 13
    #expect(try failure(other.build()) == .malformed)
    other = builder
    other.claimedStringOffset = .max
    #expect(try failure(other.build()) == .malformed)
    #expect(try failure(Array(builder.build().prefix(20))) == .malformed)
    #expect(try failure(Array(builder.build().dropLast(2))) == .malformed)
  }

  @Test func `damaged types are refused or give other answers, never a crash`() throws {
    var builder = BTFBuilder()
    let int = builder.integer("int", 4)
    for index in 0..<50 {
      let inner = builder.structure("", 8, [.init(name: "i\(index)", type: int, offset: 0)], isUnion: true)
      _ = builder.structure(
        "s\(index)", 64,
        [
          .init(name: "", type: inner, offset: 64),
          .init(name: "a", type: builder.array(int, 3), offset: 128),
        ])
      _ = builder.enumeration("e\(index)", [("E\(index)", 3)])
    }
    let bytes = builder.build()
    var refused = 0
    for seed in 0..<400 {
      var random = SeededGenerator(seed: UInt64(seed))
      let damaged = random.damaging(bytes, places: 1 << (seed % 9))
      let file = try TemporaryFile(damaged, suffix: "btf")
      do throws(KernelError) {
        guard let types = try VmlinuxFile(opening: file.path).types() else { continue }
        for index in 0..<50 {
          _ = types.member("s\(index)", path: "i\(index)")
          _ = types.member("s\(index)", path: "a")
          _ = types.value(ofEnumerator: "E\(index)")
        }
      } catch { refused += 1 }
    }
    #expect(refused > 50)
  }
}
