import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

extension SecretFixture {
  func search(_ kinds: SecretKind..., files: [String] = []) throws -> SecretSearch.Result {
    var request = SecretRequest()
    request.kinds = Set(kinds)
    request.files = files
    return try SecretSearch.run(request, try tables.open().kernel)
  }

  /// What is erased, as addresses in the image and lengths.
  func places(_ result: SecretSearch.Result) -> [[UInt64]] {
    result.memory.runs.map { run in
      [run.start - tables.kernel.image.lowerBound << 12 + tables.kernel.text, run.end - run.start]
    }
  }
}

private func expectFailure(_ reason: String, _ body: () throws -> SecretSearch.Result) throws {
  do {
    let found = try body()
    Issue.record("\(found.counts) was found")
  } catch let error as KernelError { #expect(error.description.contains(reason), "\(error)") }
}

@Suite(
  "Secrets are found in the kernel's structures, and what cannot be found is said or ends without a dump")
struct SecretSearchTests {
  @Test("All keys of the tree: payloads of user and logon, no keyring, nothing of what was revoked")
  func keyrings() throws {
    let fixture = SecretFixture()
    let first = fixture.addPayload(SecretFixture.secret(40, 1))
    let second = fixture.addPayload(SecretFixture.secret(5, 2))
    let ring = fixture.addKey("keyring", payload: second)
    let revoked = fixture.addKey("user", payload: 0)
    let logon = fixture.addKey("logon", payload: second, left: ring)
    let user = fixture.addKey("user", payload: first, left: logon, right: revoked)
    fixture.setTree(user)
    let result = try fixture.search(.keyrings, .copies)
    #expect(fixture.places(result) == [[first + 24, 40], [second + 24, 5]].sorted { $0[0] < $1[0] })
    #expect(
      result.counts.map(\.text) == [
        "secrets keyrings: 2 keys, 45 bytes",
        "secrets copies: 1 keys to look for, 40 bytes; 1 of less than 16 bytes or eight values are not looked for",
      ])
    #expect(result.record.hasPrefix("erase secrets keyrings: 2 keys, 45 bytes\n"))
  }

  @Test("Trees that come back, or leave memory, and payloads that do, end with an error")
  func brokenKeyrings() throws {
    let fixture = SecretFixture()
    let key = fixture.addKey("keyring", payload: 0)
    fixture.store(key, at: key + 8)
    fixture.setTree(key)
    try expectFailure("secrets keyrings: the tree of keys leads to") { try fixture.search(.keyrings) }
    fixture.store(key + 1, at: key + 8)
    try expectFailure("no other key") { try fixture.search(.keyrings) }
    fixture.store(0xffff_f000_0000_0000, at: key + 8)
    try expectFailure("cannot be read") { try fixture.search(.keyrings) }
    fixture.setTree(fixture.addKey("user", payload: 0xffff_f000_0000_0000))
    try expectFailure("cannot be read") { try fixture.search(.keyrings) }
  }

  @Test("What the kernel was built without is passed over; what nobody can find is an error")
  func absence() throws {
    let fixture = SecretFixture()
    let result = try fixture.search(.keyrings, .random, .ipsec)
    #expect(
      result.counts.map(\.text) == [
        "secrets keyrings: passed over: the kernel has no keys",
        "secrets ipsec: passed over: the kernel has no IPsec",
        "secrets random: passed over: the kernel has no random numbers",
      ])
    #expect(result.memory.isEmpty && result.layer == nil && result.record.isEmpty)
    fixture.tables.setSymbol("key_alloc", fixture.tables.kernel.text)
    try expectFailure("secrets keyrings: there is no symbol key_serial_tree") {
      try fixture.search(.keyrings)
    }
    try expectFailure("there is no symbol base_crng") { try SecretFixture(isBare: true).search(.random) }
  }

  @Test("The random number generator: the base, the pool, and what each processor has")
  func random() throws {
    let fixture = SecretFixture()
    let state = SecretFixture.secret(64, 3)
    let base = fixture.tables.place(state)
    let pool = fixture.tables.place(state)
    let areas = (0..<2).map { _ in fixture.tables.place(state + state) }
    fixture.tables.setSymbol("base_crng", base)
    fixture.tables.setSymbol("input_pool", pool)
    fixture.tables.setSymbol("crngs", 0x1000)
    fixture.tables.setSymbol("batched_entropy_u64", 0x1040)
    let offsets = SecretFixture.words(areas[0] &- 0x1000, areas[1] &- 0x1000)
    fixture.tables.setSymbol("__per_cpu_offset", fixture.tables.place(offsets))
    let result = try fixture.search(.random)
    var expected: [[UInt64]] = [[base, 32], [pool, 48]]
    for area in areas { expected += [[area, 32], [area + 72, 32]] }
    #expect(fixture.places(result) == expected)
    #expect(result.counts.map(\.text) == ["secrets random: 6 states, 208 bytes"])
    let other = SecretFixture()
    for name in ["base_crng", "input_pool"] { other.tables.setSymbol(name, other.tables.place(state)) }
    other.tables.setSymbol("__per_cpu_offset", other.tables.place(offsets))
    try expectFailure("no symbols of what processors keep") { try other.search(.random) }
  }

  @Test(
    "IPsec's associations in all namespaces; a list that leads to another namespace's is no way around the limits"
  )
  func ipsec() throws {
    let fixture = SecretFixture()
    let head = fixture.tables.place(SecretFixture.words(0, 0))
    let key = SecretFixture.secret(36, 4)
    let named = [UInt8](repeating: 0, count: 64)
    let aead = fixture.tables.place(named + SecretFixture.words(288 | 128 << 32) + key)
    let hash = fixture.tables.place(named + SecretFixture.words(250 | 128 << 32) + key)
    let cipher = fixture.tables.place(named + [128, 0, 0, 0] + key)
    let net = fixture.tables.place([UInt8](repeating: 0, count: 128))
    let states = (0..<2).map { _ in fixture.tables.place([UInt8](repeating: 0, count: 128)) }
    fixture.store(net + 16, at: head)
    fixture.store(head, at: net + 16)
    fixture.store(states[0] + 32, at: net + 64)
    fixture.store(states[1] + 32, at: states[0] + 32)
    fixture.store(net + 64, at: states[1] + 32)
    fixture.store(aead, at: states[0] + 80)
    fixture.store(hash, at: states[1] + 64)
    fixture.store(cipher, at: states[1] + 72)
    fixture.tables.setSymbol("net_namespace_list", head)
    let result = try fixture.search(.ipsec)
    #expect(fixture.places(result) == [[aead + 72, 36], [hash + 72, 32], [cipher + 68, 16]])
    #expect(result.counts.map(\.text) == ["secrets ipsec: 3 keys, 84 bytes"])
    fixture.store(0, at: states[1] + 32)
    try expectFailure("a list of IPsec's associations breaks off") { try fixture.search(.ipsec) }
  }

  @Test("A key of more than 1 MiB is none")
  func size() throws {
    let fixture = SecretFixture()
    let head = fixture.tables.place(SecretFixture.words(0, 0))
    let aead = fixture.tables.place([UInt8](repeating: 0, count: 64) + SecretFixture.words(0xffff_ffff))
    let net = fixture.tables.place([UInt8](repeating: 0, count: 128))
    let state = fixture.tables.place([UInt8](repeating: 0, count: 128))
    fixture.store(net + 16, at: head)
    fixture.store(head, at: net + 16)
    fixture.store(state + 32, at: net + 64)
    fixture.store(net + 64, at: state + 32)
    fixture.store(aead, at: state + 80)
    fixture.tables.setSymbol("net_namespace_list", head)
    try expectFailure("are said to be a key") { try fixture.search(.ipsec) }
  }

  @Test("Of a kernel with another allocator than SLUB nothing is found in slabs: there is no dump")
  func otherAllocator() throws {
    try expectFailure("secrets crypto, freed, file: the kernel's types have no SLUB allocator") {
      try SecretFixture().search(.freed, .crypto, files: ["/etc/shadow"])
    }
  }

  @Test("Names of paths, and what * stands for")
  func names() {
    func matches(_ name: String, _ pattern: String) -> Bool {
      FileSearch.matches(Array(name.utf8)[...], Array(pattern.utf8)[...])
    }
    for (name, pattern) in [
      ("shadow", "shadow"), ("ssh_host_rsa_key", "ssh_host_*_key"), ("a", "*"), ("ab", "a*b"),
      ("aab", "*a*b"),
      ("x.conf", "*.conf"), ("id_rsa", "id_*"), ("id_", "id_*"), ("abcbc", "a*bc"),
    ] { #expect(matches(name, pattern), "\(name) \(pattern)") }
    for (name, pattern) in [
      ("shadow-", "shadow"), ("shado", "shadow"), ("ssh_host_key", "ssh_host_*_key"), ("b", "a*b"),
      ("a", "a*a"),
      ("id", "id_*"), ("xconf", "*.conf"), ("ab", "*a*b*c"),
    ] { #expect(!matches(name, pattern), "\(name) \(pattern)") }
  }
}
