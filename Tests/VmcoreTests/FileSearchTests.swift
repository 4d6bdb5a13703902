import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Files whose pages are secret are found by all their names, and their pages whole")
struct FileSearchTests {
  private func fixture(chainsMounts: Bool = false) -> (slabs: SlabFixture, files: FileFixture) {
    let slabs = SlabFixture(.v6_12, storing: .plain) {
      SecretFixture.addTypes(to: &$0, chainsMounts: chainsMounts)
    }
    slabs.tables.setSymbol("schedule", slabs.tables.kernel.text)
    return (slabs, FileFixture(slabs, chainsMounts: chainsMounts))
  }

  private func search(_ path: String, _ slabs: SlabFixture) throws -> [String] {
    var request = SecretRequest()
    request.files = [path]
    let opened = try slabs.tables.open()
    return try SecretSearch.run(request, opened.kernel).counts.map(\.text)
  }

  /// A file in a file system that is mounted on /root/.ssh, or nowhere.
  private func fileBehindMount(isMounted: Bool, chain: Bool) throws -> [String] {
    let (slabs, files) = fixture(chainsMounts: chain)
    let outer = files.addSuperblock()
    let inner =
      isMounted ? files.addSuperblock(mounting: files.name(3), on: files.name(2)) : files.addSuperblock()
    files.add(
      [("/", 0, outer), ("root", 0, outer), (".ssh", 1, outer), ("/", 3, inner), ("id_key", 3, inner)],
      inode: files.addInode([0x210]))
    return try search("/root/.ssh/id_*", slabs)
  }

  @Test("A file system's root has the names that it is mounted on", arguments: [false, true])
  func mounted(chain: Bool) throws {
    let found = try fileBehindMount(isMounted: true, chain: chain)
    #expect(found.contains { $0.hasPrefix("secrets file /root/.ssh/id_*: 1 files, 4096 bytes") }, "\(found)")
    let none = try fileBehindMount(isMounted: false, chain: chain)
    #expect(none.contains { $0.hasPrefix("secrets file: passed over: no name") }, "\(none)")
  }

  @Test(
    "Indices that all lead to the first of several pages stand for all of these, as Linux 5.4 to 5.16 has it")
  func headPages() throws {
    let (slabs, files) = fixture()
    files.add(
      [("/", 0, 0), ("key", 0, 0)],
      inode: files.addInode([UInt64](repeating: 0x210, count: 8) + [0x219, 0x21a]))
    let found = try search("/key", slabs)
    #expect(found.contains { $0.hasPrefix("secrets file /key: 1 files, \(10 * 4096) bytes") }, "\(found)")
  }
}
