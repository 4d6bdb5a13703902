import DumpFixtures
import DumpMemory
import KernelModel

/// What `secrets` statements walk: keys, volumes, associations, tunnels, random numbers, and objects of slabs.
public struct SecretsTarget: FuzzTarget {
  public static let name = "secrets"
  public static let input =
    "which kernel (1), which statement (1), then changes of its types, keys, lists, arrays, objects (KernelPatch)"
  public static let mostBytes = 1024

  /// One whose secrets lie in structures, and one in whose slabs they lie.
  private let kernels: [PatchedKernel]

  /// What is asked for of each.
  static let scripts: [[ErasureScript]] = [
    [
      script("keyrings"), script("random"), script("ipsec"), script("wireguard"), script("dm-crypt"),
      script("keyrings", "random", "ipsec", "wireguard", "dm-crypt"),
    ],
    [
      script("crypto"), script("tls"), script("freed"), script("file /etc/shadow", "file /etc/*.key"),
      script("crypto", "tls", "freed", "file /etc/shadow"),
    ],
  ]

  private static func script(_ lines: String...) -> ErasureScript {
    let text = lines.map { "secrets \($0)\n" }.joined() + "secrets copies\n"
    guard let script = try? ErasureScript(text) else { fatalError("no script: \(text)") }
    return script
  }

  public init() { kernels = [Self.structures(), Self.objects()] }

  static func structures() -> PatchedKernel {
    let fixture = SecretFixture()
    let tables = fixture.tables
    let empty = [UInt8](repeating: 0, count: 256)
    func list(_ head: UInt64, _ nodes: UInt64...) {
      for (from, to) in zip([head] + nodes, nodes + [head]) { fixture.store(to, at: from) }
    }
    func text(_ text: String) -> UInt64 { tables.place(Array(text.utf8) + [0]) }

    let first = fixture.addKey("keyring", payload: fixture.addPayload(SecretFixture.secret(20, 5)))
    let second = fixture.addKey(
      "logon", payload: fixture.addPayload(SecretFixture.secret(24, 2)), left: first)
    let user = fixture.addKey("user", payload: fixture.addPayload(SecretFixture.secret(40, 1)), left: second)
    fixture.setTree(user)

    let state = SecretFixture.secret(64, 3)
    for name in ["base_crng", "input_pool"] { tables.setSymbol(name, tables.place(state)) }
    let area = tables.place(state + state)
    tables.setSymbol("crngs", 0x1000)
    tables.setSymbol("batched_entropy_u64", 0x1040)
    tables.setSymbol("__per_cpu_offset", tables.place(SecretFixture.words(area &- 0x1000, area &- 0x1000)))

    let namespaces = tables.place(SecretFixture.words(0, 0))
    let net = tables.place(empty)
    let association = tables.place(empty)
    let aead = tables.place(
      [UInt8](repeating: 0, count: 64) + SecretFixture.words(288) + SecretFixture.secret(36, 4))
    list(namespaces, net + 16)
    list(net + 64, association + 32)
    fixture.store(aead, at: association + 80)
    tables.setSymbol("net_namespace_list", namespaces)
    let device = tables.place(
      SecretFixture.words(0, 0, tables.place(SecretFixture.words(text("wireguard"))), 0) + empty)
    let peer = tables.place(empty)
    list(net + 96, device)
    list(device + 32 + 64, peer)
    fixture.store(tables.place(state), at: peer + 208)

    let config = tables.place([64, 0, 0, 0, 0, 0, 0, 0] + SecretFixture.secret(64, 6))
    let type = tables.place(SecretFixture.words(text("crypt")))
    let targets = tables.place(SecretFixture.words(type, config, type, config))
    let table = tables.place(SecretFixture.words(2, targets))
    let volume = tables.place(SecretFixture.words(table))
    let node = tables.place(SecretFixture.words(0, volume, volume) + empty)
    tables.setSymbol("_minor_idr", tables.place(SecretFixture.words(0, node | 2)))

    let patched = PatchedKernel(tables.kernel)
    let types = tables.kernel.text + 0x3000
    patched.addWindow(image: types, byteCount: 4096)
    for address in stride(from: types + 4096, to: tables.nextAddress, by: 4096) {
      patched.addWindow(image: address, byteCount: 256)
    }
    return patched
  }

  static func objects() -> PatchedKernel {
    let slabs = SlabFixture(.v6_12, storing: .plain) { SecretFixture.addTypes(to: &$0) }
    let tables = slabs.tables
    let memory = tables.kernel.memory
    let image = tables.kernel.image.lowerBound << 12
    func store(_ word: UInt64, at address: UInt64) {
      memory.store(word, at: image + address - tables.kernel.text)
    }
    tables.setSymbol("schedule", tables.kernel.text)
    let head = tables.place(SecretFixture.words(0, 0))
    let algorithm = tables.place([UInt8](repeating: 0, count: 64))
    store(algorithm, at: head)
    store(head, at: algorithm)
    tables.setSymbol("crypto_alg_list", head)
    slabs.addSlab(pfn: 0x200, order: 1, objects: 16, inUse: 13, freelist: slabs.object(4, pfn: 0x200))
    slabs.link([4, 9, 1], pfn: 0x200)
    slabs.store(0x100 << 32 | 1, 0, 0, algorithm, 0x1234, 0x5678, inObject: 3, of: 0x200)

    let socket = slabs.object(2, pfn: 0x204)
    let context = tables.place(SecretFixture.words(socket) + SecretFixture.secret(88, 7))
    slabs.addSlab(pfn: 0x204, order: 1, objects: 16, inUse: 16, freelist: nil, cache: slabs.addCache("TCP"))
    slabs.store(tables.place(Array("tls\0".utf8)), context, inObject: 2, of: 0x204)

    let files = FileFixture(slabs)
    let inode = files.addInode([0x210, 0x211])
    let superblock = files.addSuperblock(mounting: files.name(2), on: files.name(1))
    files.add(["etc", "shadow", "host.key"].map { ($0, 0, superblock) }, inode: inode)

    let patched = PatchedKernel(tables.kernel)
    let types = tables.kernel.text + 0x3000
    patched.addWindow(image: types, byteCount: 4096)
    for address in stride(from: types + 4096, to: tables.nextAddress, by: 4096) {
      patched.addWindow(image: address, byteCount: 256)
    }
    for pfn in [0x200, 0x204, FileFixture.slab] {
      patched.addWindow(physical: pfn << 12, byteCount: 4096)
      patched.addStructPages(of: pfn..<pfn + 2)
    }
    return patched
  }

  public func seeds() -> [FuzzSeed] {
    kernels.indices.flatMap { kernel in
      Self.scripts[kernel].indices.map { FuzzSeed("plain-\(kernel)-\($0)", [UInt8(kernel), UInt8($0)]) }
    } + [
      FuzzSeed("back", [0, 0] + KernelPatch.bytes(4, window: 5, place: 1, value: 5)),
      FuzzSeed("slot", [0, 4] + KernelPatch.bytes(0, window: 30, place: 1, value: .max)),
      FuzzSeed("length", [1, 3] + KernelPatch.bytes(1, window: 20, value: .max)),
      FuzzSeed("types", [1, 1] + KernelPatch.bytes(2, place: 900, value: 2)),
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let chosen = Int(bytes.byte()) % kernels.count
    let script = Self.scripts[chosen][Int(bytes.byte()) % Self.scripts[chosen].count]
    guard let kernel = kernels[chosen].patched(by: &bytes),
      let result = try? SecretSearch.run(script.secrets, kernel)
    else { return }
    let physical = kernel.physical
    try FuzzFinding.unless(
      result.memory.byteCount <= physical.frames.count << 12,
      "\(result.memory.byteCount) bytes of memory are erased")
    let isPlain = (result.counts.map(\.text) + [result.record]).allSatisfy { text in
      text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value != 0x7f) }
    }
    try FuzzFinding.unless(isPlain, "what was found has what a terminal obeys")
    // As the pages go by on their way into a dump.
    var layered = physical
    if let layer = result.layer { layered = PhysicalMemory(layered, adding: layer) }
    guard var reader = try? MemoryReader.scattered(layered) else { return }
    for pfn in [0x200, 0x201, 0x208] as [UInt64] { _ = try? reader.withPage(PFN(pfn)) { $0.byteCount } }
  }
}
