import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Files whose pages are secret are found by all their names, and their pages whole")
struct FileSearchTests {
  private static let slab: UInt64 = 0x208
  private let slabs: SlabFixture
  private var tables: KernelWithTables { slabs.tables }

  init() { slabs = SlabFixture(.v6_12, storing: .plain) { SecretFixture.addTypes(to: &$0) } }

  private static func name(_ index: UInt64, _ slabs: SlabFixture) -> UInt64 { slabs.object(index, pfn: slab) }

  /// Names by number, each below another or itself, and the superblock of each.
  private static func add(
    _ names: [(text: String, above: UInt64, superblock: UInt64)], inode: UInt64, _ slabs: SlabFixture
  ) {
    let tables = slabs.tables
    slabs.addSlab(
      pfn: slab, order: 1, objects: 16, inUse: UInt64(names.count), freelist: nil,
      cache: slabs.addCache("dentry"))
    for (index, name) in names.enumerated() {
      let words = [
        UInt64(name.text.utf8.count), tables.place(Array(name.text.utf8)), Self.name(name.above, slabs),
        inode,
        name.superblock,
      ]
      for (place, word) in words.enumerated() {
        tables.kernel.memory.store(
          word, at: Self.name(UInt64(index), slabs) - tables.kernel.pageOffset + UInt64(place) * 8)
      }
    }
  }

  /// An inode whose cache has these pages, one index after the other.
  private static func inode(_ pages: [UInt64], _ tables: KernelWithTables) -> UInt64 {
    var node = SecretFixture.words(0)
    for index in 0..<16 {
      node += SecretFixture.words(index < pages.count ? tables.kernel.structPageAddress(pages[index]) : 0)
    }
    return tables.place(SecretFixture.words(tables.place(SecretFixture.words(0, tables.place(node) | 2))))
  }

  private static func run(_ path: String, _ slabs: SlabFixture) throws -> [String] {
    var request = SecretRequest()
    request.files = [path]
    let opened = try slabs.tables.open()
    return try SecretSearch.run(request, opened.kernel).counts.map(\.text)
  }

  /// A file in a file system that is mounted on /root/.ssh, or nowhere.
  private static func fileBehindMount(isMounted: Bool, chain: Bool) throws -> [String] {
    let slabs = SlabFixture(.v6_12, storing: .plain) { SecretFixture.addTypes(to: &$0, chainsMounts: chain) }
    let tables = slabs.tables
    tables.setSymbol("schedule", tables.kernel.text)
    func superblock(_ mount: [UInt64]) -> UInt64 {
      let place = tables.nextAddress
      let list = place + 64
      let ends = mount.isEmpty ? [chain ? 0 : place, place] : [list, list]
      var bytes = SecretFixture.words(ends[0], ends[1])
      bytes += [UInt8](repeating: 0, count: 48)
      if !mount.isEmpty { bytes += SecretFixture.words(chain ? 0 : place, place, mount[0], mount[1]) }
      return tables.place(bytes)
    }
    let outer = superblock([])
    let inner = superblock(isMounted ? [Self.name(2, slabs), Self.name(3, slabs)] : [])
    add(
      [("/", 0, outer), ("root", 0, outer), (".ssh", 1, outer), ("/", 3, inner), ("id_key", 3, inner)],
      inode: inode([0x210], tables), slabs)
    return try run("/root/.ssh/id_*", slabs)
  }

  @Test("A file system's root has the names that it is mounted on", arguments: [false, true])
  func mounted(chain: Bool) throws {
    let found = try Self.fileBehindMount(isMounted: true, chain: chain)
    #expect(found.contains { $0.hasPrefix("secrets file /root/.ssh/id_*: 1 files, 4096 bytes") }, "\(found)")
    let none = try Self.fileBehindMount(isMounted: false, chain: chain)
    #expect(none.contains { $0.hasPrefix("secrets file: passed over: no name") }, "\(none)")
  }

  @Test(
    "Indices that all lead to the first of several pages stand for all of these, as Linux 5.4 to 5.16 has it")
  func headPages() throws {
    tables.setSymbol("schedule", tables.kernel.text)
    let inode = Self.inode([UInt64](repeating: 0x210, count: 8) + [0x219, 0x21a], tables)
    Self.add([("/", 0, 0), ("key", 0, 0)], inode: inode, slabs)
    let found = try Self.run("/key", slabs)
    #expect(found.contains { $0.hasPrefix("secrets file /key: 1 files, \(10 * 4096) bytes") }, "\(found)")
  }
}
