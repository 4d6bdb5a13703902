/// Names in a kernel's cache of names, and what the files so called have in theirs of pages.
public struct FileFixture {
  /// The first page of the slab that has the names.
  public static let slab: UInt64 = 0x208

  private let slabs: SlabFixture
  private let chainsMounts: Bool
  private var tables: KernelWithTables { slabs.tables }

  /// - Parameter chainsMounts: as the types of ``SecretFixture`` have them.
  public init(_ slabs: SlabFixture, chainsMounts: Bool = false) {
    self.slabs = slabs
    self.chainsMounts = chainsMounts
  }

  /// Where a name lies, also one that is added later.
  public func name(_ number: UInt64) -> UInt64 { slabs.object(number, pfn: Self.slab) }

  /// Adds names, all of one inode, by their numbers: each is below another, or itself.
  public func add(_ names: [(text: String, above: UInt64, superblock: UInt64)], inode: UInt64) {
    slabs.addSlab(
      pfn: Self.slab, order: 1, objects: 16, inUse: UInt64(names.count), freelist: nil,
      cache: slabs.addCache("dentry"))
    for (number, (text, above, superblock)) in names.enumerated() {
      slabs.store(
        UInt64(text.utf8.count), tables.place(Array(text.utf8)), name(above), inode, superblock,
        inObject: UInt64(number), of: Self.slab)
    }
  }

  /// An inode whose cache has these frames' pages, one index after the other, 16 at most.
  public func addInode(_ frames: [UInt64]) -> UInt64 {
    var node = SecretFixture.words(0)
    for frame in frames { node += SecretFixture.words(tables.kernel.structPageAddress(frame)) }
    node += [UInt8](repeating: 0, count: 17 * 8 - node.count)
    return tables.place(SecretFixture.words(tables.place(SecretFixture.words(0, tables.place(node) | 2))))
  }

  /// A superblock, with the mount of a root on a name if there is one.
  public func addSuperblock(mounting root: UInt64? = nil, on name: UInt64 = 0) -> UInt64 {
    let superblock = tables.nextAddress
    let mount = superblock + 16
    let end = chainsMounts ? 0 : superblock
    guard let root else { return tables.place(SecretFixture.words(end, end)) }
    return tables.place(SecretFixture.words(mount, mount, end, end, name, root))
  }
}
