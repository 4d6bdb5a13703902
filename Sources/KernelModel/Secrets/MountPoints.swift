internal import DumpMemory

/// Where trees of names are mounted: a file system's names end at its root, and what is above it is told by its mounts.
///
/// `struct mount`, fs/mount.h. Mounts of all namespaces are on their superblock's list, those of containers too.
struct MountPoints {
  private let superblock: Int
  private let mounts: Int
  private let form: Form
  private let root: Int
  private let place: Int
  private let mountSize: Int
  /// By superblock and root: the names that are mounted over, each once.
  private var known: [UInt64: [VirtualAddress: Set<VirtualAddress>]] = [:]

  /// How a superblock has its mounts.
  private enum Form {
    /// `s_mounts` is a list that goes through `mnt_instance`.
    case list(Int)
    /// Since Linux 6.18 `s_mounts` is the first, and each leads to the next.
    case chain(Int)
  }

  init(_ types: borrowing BTF) throws(KernelError) {
    superblock = try types.place("dentry", "d_sb")
    mounts = try types.place("super_block", "s_mounts")
    root = try types.place("mount", "mnt.mnt_root")
    place = try types.place("mount", "mnt_mountpoint")
    mountSize = try types.byteCount("mount")
    if let next = types.offset("mount", "mnt_next_for_sb") {
      form = .chain(next)
    } else {
      form = .list(try types.place("mount", "mnt_instance"))
    }
  }

  /// A name, and those that it is seen at because it, or what it is seen at, is the root of a mount.
  mutating func standing(
    for name: VirtualAddress, _ search: inout SecretSearch
  ) throws(KernelError) -> [VirtualAddress] {
    var names = [name]
    // Hardly a name is a root.
    if try places(of: name, &search).isEmpty { return names }
    var seen: Set<VirtualAddress> = [name]
    var next = 0
    while next < names.count {
      let places = try places(of: names[next], &search)
      try search.spend(places.count, "the mounts of a file system")
      names += places.filter { seen.insert($0).inserted }
      next += 1
    }
    return names
  }

  private mutating func places(
    of name: VirtualAddress, _ search: inout SecretSearch
  ) throws(KernelError) -> Set<VirtualAddress> {
    guard let superblock = try? search.memory.word(name + superblock), KernelPointer.isPlausible(superblock)
    else { return [] }
    if known[superblock] == nil {
      var places: [VirtualAddress: Set<VirtualAddress>] = [:]
      for mount in try mounts(of: VirtualAddress(superblock), &search) {
        let root = VirtualAddress(try search.word(mount + root, "a mount"))
        let place = VirtualAddress(try search.word(mount + place, "a mount"))
        places[root, default: []].insert(place)
      }
      known[superblock] = places
    }
    return known[superblock]?[name] ?? []
  }

  private func mounts(
    of superblock: VirtualAddress, _ search: inout SecretSearch
  ) throws(KernelError) -> [VirtualAddress] {
    let what = "a superblock's list of mounts"
    switch form {
    case .list(let link):
      return try search.nodes(of: superblock + mounts, size: mountSize, what).map {
        VirtualAddress($0.rawValue &- UInt64(link))
      }
    case .chain(let link):
      var found: [VirtualAddress] = []
      var next = try search.word(superblock + mounts, what)
      while next != 0 {
        try search.spend(1, what)
        found.append(VirtualAddress(next))
        next = try search.word(VirtualAddress(next) + link, what)
      }
      return found
    }
  }
}
