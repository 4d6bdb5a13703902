import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Secrets are found among the objects of slabs")
struct SecretSlabTests {
  /// Of a page that is marked as a slab and has no cache.
  private static let remark = "; 1 slabs make no sense and are left as they are"

  private func run(_ slabs: SlabFixture, _ kinds: SecretKind...) throws -> (SecretSearch.Result, OpenedKernel)
  {
    var request = SecretRequest()
    request.kinds = Set(kinds)
    let opened = try slabs.tables.open()
    return (try SecretSearch.run(request, opened.kernel), opened)
  }

  private func page(_ pfn: UInt64, _ result: SecretSearch.Result, _ opened: OpenedKernel) throws -> [UInt8] {
    var memory = opened.physical
    let layer = ErasureLayer(result.memory, geometry: memory.geometry)
    memory = PhysicalMemory(memory, adding: layer)
    if let layer = result.layer { memory = PhysicalMemory(memory, adding: layer) }
    var reader = try MemoryReader.sequential(memory)
    return try reader.withPage(PFN(pfn)) { page in
      (0..<4096).map { page.littleEndian(at: $0, as: UInt8.self) ?? 0 }
    }
  }

  @Test(
    "Free objects are overwritten but for the pointer to the next one",
    arguments: [
      (KernelGeneration.v5_10, FreePointerCoding.mixedSwapped), (.v6_1, .plain), (.v6_12, .mixedSwapped),
    ])
  func freed(generation: KernelGeneration, coding: FreePointerCoding) throws {
    let slabs = SlabFixture(generation, coding)
    let memory = slabs.tables.kernel.memory
    for pfn in UInt64(0x200)..<0x202 {
      memory.store([UInt8](repeating: 0x41, count: 4096), at: pfn << 12)
    }
    slabs.addSlab(pfn: 0x200, order: 1, objects: 16, inUse: 13, freelist: slabs.object(4, pfn: 0x200))
    slabs.link([4, 9, 1], pfn: 0x200)
    let (result, opened) = try run(slabs, .freed)
    #expect(result.counts.map(\.text) == ["secrets freed: 3 objects, 1440 bytes" + Self.remark])
    for pfn in UInt64(0x200)..<0x202 {
      let before = memory.page(pfn)
      let after = try page(pfn, result, opened)
      for offset in 0..<4096 {
        let place = Int(pfn - 0x200) * 4096 + offset
        let inObject = place % 512
        let isFree = [4, 9, 1].contains(place / 512) && inObject < 480 && !(256..<264).contains(inObject)
        #expect(after[offset] == (isFree ? UInt8(ascii: "X") : before[offset]), "pfn \(pfn) \(offset)")
      }
    }
  }

  @Test("A free list that leads astray is counted, and what was before that is overwritten")
  func brokenList() throws {
    let slabs = SlabFixture(.v6_1, .plain)
    for pfn in [0x200, 0x204, 0x208] as [UInt64] {
      slabs.addSlab(pfn: pfn, order: 1, objects: 16, inUse: 13, freelist: slabs.object(4, pfn: pfn))
      slabs.link([4, 9, 1], pfn: pfn)
    }
    // One comes back to its first object, one leaves the slab.
    for (from, to) in [(UInt64(0x204), slabs.object(4, pfn: 0x204)), (0x208, slabs.object(1, pfn: 0x204))] {
      slabs.tables.kernel.memory.store(
        to, at: slabs.object(9, pfn: from) + 256 - slabs.tables.kernel.pageOffset)
    }
    let (result, _) = try run(slabs, .freed)
    #expect(
      result.counts.map(\.text) == [
        "secrets freed: 7 objects, 3360 bytes; the lists of 2 slabs break off" + Self.remark
      ])
  }

  @Test("Types by which a key of TLS has no bytes are none that is known")
  func shortKey() throws {
    let slabs = SlabFixture(.v6_12, .plain) { types in
      let pointer = types.pointer()
      let short = types.array(types.integer("char", 1), 2)
      let members: [(String, [(String, UInt32)])] = [
        ("inet_connection_sock", [("icsk_ulp_ops", pointer), ("icsk_ulp_data", pointer)]),
        ("tcp_ulp_ops", [("name", pointer)]),
        ("tls_context", [("sk", pointer), ("crypto_send", short), ("crypto_recv", short)]),
      ]
      for (name, own) in members {
        _ = types.structure(
          name, 32, own.enumerated().map { .init(name: $1.0, type: $1.1, offset: $0 * 64) })
      }
    }
    slabs.tables.setSymbol("schedule", slabs.tables.kernel.text)
    do {
      let found = try run(slabs, .tls).0
      Issue.record("\(found.counts) was found")
    } catch let error as KernelError {
      #expect(error.description.contains("no tls_context.crypto_send with a key"), "\(error)")
    }
  }

  @Test("Transforms of the crypto API, with their key schedules, and not what else points to algorithms")
  func transforms() throws {
    let slabs = SlabFixture(.v6_12, .mixedSwapped) { types in
      let int = types.integer("int", 4)
      let pointer = types.pointer()
      let list = types.structure("list_head", 16, [.init(name: "next", type: pointer, offset: 0)])
      _ = types.structure("crypto_alg", 64, [.init(name: "cra_list", type: list, offset: 0)])
      let members: [(String, UInt32, Int)] = [
        ("refcnt", int, 0), ("crt_flags", int, 4), ("node", int, 8), ("exit", pointer, 16),
        ("__crt_alg", pointer, 24), ("__crt_ctx", types.array(pointer, 0), 32),
      ]
      _ = types.structure("crypto_tfm", 32, members.map { .init(name: $0.0, type: $0.1, offset: $0.2 * 8) })
    }
    let tables = slabs.tables
    tables.setSymbol("schedule", tables.kernel.text)
    let head = tables.place([UInt8](repeating: 0, count: 16))
    let algorithm = tables.place([UInt8](repeating: 0, count: 64))
    func store(_ word: UInt64, at address: UInt64) {
      tables.kernel.memory.store(
        word, at: tables.kernel.image.lowerBound << 12 + address - tables.kernel.text)
    }
    store(algorithm, at: head)
    store(head, at: algorithm)
    tables.setSymbol("crypto_alg_list", head)
    slabs.addSlab(pfn: 0x200, order: 1, objects: 16, inUse: 16, freelist: nil)
    let memory = tables.kernel.memory
    let schedule = AESKeySchedule(key: (0..<32).map { UInt8($0 * 7 + 3) })
    func transform(_ index: UInt64, at offset: UInt64, exit: UInt64, node: UInt32) {
      let place = 0x200 << 12 + index * 512 + offset
      memory.store(UInt32(1), at: place)
      memory.store(UInt32(0x100), at: place + 4)
      memory.store(node, at: place + 8)
      memory.store(exit, at: place + 16)
      memory.store(algorithm, at: place + 24)
      memory.store(Array(schedule.encryption), at: place + 48)
    }
    transform(3, at: 16, exit: 0, node: .max)
    transform(5, at: 0, exit: tables.kernel.text + 64, node: 0)
    // Neighbours of a pointer to an algorithm that are no transform's.
    transform(7, at: 16, exit: slabs.object(1, pfn: 0x200), node: 0)
    transform(8, at: 16, exit: 0, node: 0xffff_8880)
    // A copy of its key elsewhere.
    memory.store([UInt8](repeating: 0x41, count: 4096), at: 0x210 << 12)
    memory.store(Array(schedule.encryption[..<32]), at: 0x210 << 12 + 100)
    memory.store(Array(schedule.decryption[64..<96]), at: 0x210 << 12 + 200)
    let (result, opened) = try run(slabs, .crypto, .copies)
    let start: UInt64 = 0x200 << 12
    let places = result.memory.runs.map { [$0.start - start, $0.end - start] }
    let expected: [[UInt64]] = [[3 * 512 + 48, 3 * 512 + 480], [5 * 512 + 32, 5 * 512 + 480]]
    #expect(places == expected)
    #expect(result.counts.first?.text == "secrets crypto: 2 transforms, 880 bytes" + Self.remark)
    let copy = try page(0x210, result, opened)
    #expect(copy[100..<132].allSatisfy { $0 == UInt8(ascii: "X") })
    #expect(copy[200..<232].allSatisfy { $0 == UInt8(ascii: "X") })
    #expect(copy.count { $0 == UInt8(ascii: "X") } == 64)
    #expect(result.layer?.copiesFound.count == 2)
    // Whoever reads a page again counts nothing twice.
    _ = try page(0x210, result, opened)
    #expect(result.layer?.copiesFound.bytes == 64)
  }
}

@Suite("The kernel's arrays are walked once, whatever their nodes say")
struct XArrayWalkTests {
  private let tables = KernelWithTables()

  init() {
    var types = BTFBuilder()
    let char = types.integer("unsigned char", 1)
    let slots = types.array(types.pointer(), 64)
    _ = types.structure(
      "xa_node", 576,
      [.init(name: "shift", type: char, offset: 0), .init(name: "slots", type: slots, offset: 512)])
    tables.setTypes(types)
  }

  /// - Returns: the entry that stands for the node.
  private func node(_ shift: UInt8, _ slots: [Int: UInt64]) -> UInt64 {
    var bytes = [UInt8](repeating: 0, count: 576)
    bytes[0] = shift
    for (slot, word) in slots { bytes.storeLittleEndian(word, at: 64 + slot * 8) }
    return tables.place(bytes) | 2
  }

  private func walk(_ head: UInt64) throws -> [[UInt64]] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(head)
    let place = tables.place(bytes)
    let kernel = try tables.open().kernel
    var search = try SecretSearch(SecretRequest(), kernel)
    let types = try kernel.types(WantedTypes(structures: ["xa_node"]))
    var walk = try XArrayWalk(types.btf, of: kernel)
    return try walk.entries(of: VirtualAddress(place), &search).map { [$0.pointer.rawValue, $0.span] }
      .sorted { $0[0] < $1[0] }
  }

  @Test("Nothing, one entry, entries below nodes, entries that stand for several indices, and values")
  func entries() throws {
    let first: UInt64 = 0xffff_ea00_0000_1000
    #expect(try walk(0).isEmpty)
    #expect(try walk(first) == [[first, 1]])
    #expect(try walk(0x11).isEmpty)
    // Siblings say which slot the entry is in.
    let leaf = node(0, [0: first, 1: 2, 2: 2, 3: 2, 9: first + 64, 10: 0x2001])
    let large = node(6, [0: leaf, 4: first + 128, 5: 4 << 2 | 2])
    #expect(try walk(large) == [[first, 4], [first + 64, 1], [first + 128, 128]])
  }

  @Test("Nodes that lead back, or do not get lower, end with an error")
  func cycles() throws {
    let low = node(6, [:])
    let same = node(6, [1: low])
    #expect(throws: KernelError.self) { try walk(same) }
    let twice = node(0, [:])
    #expect(throws: KernelError.self) { try walk(node(6, [1: twice, 2: twice])) }
    #expect(throws: KernelError.self) { try walk(0xffff_f000_0000_0002) }
    // A level that no index has would span nothing.
    #expect(throws: KernelError.self) { try walk(node(60, [0: 0xffff_ea00_0000_1000])) }
  }
}
