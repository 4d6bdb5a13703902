internal import DumpMemory

/// Finds files by the ends of their paths among all names that the kernel has in its cache, and erases their pages.
///
/// fs/dcache.c, mm/filemap.c. A file is found wherever its file system is mounted, in containers too, and under each of the names
/// that a mount gives it.
struct FileSearch {
  private var found: [SecretCount]
  /// Names of each path, the last first.
  private let paths: [[[UInt8]]]
  private let lengths: ClosedRange<Int>
  private let layout: Layout
  private let sections: [MemoryMap.Section]
  private let pageSize: Int
  private var walk: XArrayWalk
  private var mountPoints: MountPoints
  private var inodes: Set<UInt64> = []

  private struct Layout {
    let length: Int
    let name: Int
    let parent: Int
    let inode: Int
    let mapping: Int
    let pages: Int
  }

  /// Of hugetlbfs: 1 GiB.
  private static let largestFolio: UInt64 = 1 << 18
  /// NAME_MAX
  private static let longestName = 255

  init(_ paths: [String], _ kernel: Kernel) throws(KernelError) {
    let types = try kernel.types(SecretSearch.wantedTypes)
    layout = Layout(
      length: try types.btf.place("dentry", "d_name.len"), name: try types.btf.place("dentry", "d_name.name"),
      parent: try types.btf.place("dentry", "d_parent"), inode: try types.btf.place("dentry", "d_inode"),
      mapping: try types.btf.place("inode", "i_mapping"),
      pages: try types.btf.place("address_space", "i_pages.xa_head"))
    walk = try XArrayWalk(types.btf, of: kernel)
    mountPoints = try MountPoints(types.btf)
    sections = try kernel.memoryMap().sections.sorted { $0.pages < $1.pages }
    guard let size = kernel.info.size("page"), size > 0 else { throw .absent("VMCOREINFO lacks SIZE(page)") }
    pageSize = size
    found = paths.map { SecretCount("file \($0)", "files") }
    self.paths = paths.map { $0.split(separator: "/").reversed().map { Array($0.utf8) } }
    let shortest = self.paths.map { $0[0].contains(UInt8(ascii: "*")) ? 1 : $0[0].count }.min() ?? 1
    let longest =
      self.paths.map { $0[0].contains(UInt8(ascii: "*")) ? Self.longestName : $0[0].count }.max() ?? 1
    lengths = shortest...max(shortest, longest)
  }

  /// Path by path; those of which nothing is there in a line of their own.
  var counts: [SecretCount] {
    let missing = found.filter { $0.count == 0 }
    if missing.isEmpty { return found }
    var none = SecretCount("file", "files")
    let names = missing.map { String($0.name.dropFirst("file ".count)) }
    none.absence = "no name in the kernel's cache is \(names.joined(separator: ", "))"
    return found.filter { $0.count > 0 } + [none]
  }

  mutating func visit(_ slab: KernelSlab, _ search: inout SecretSearch) throws(KernelError) {
    guard slab.cacheName == "dentry" else { return }
    for index in 0..<slab.objects {
      let entry = slab.object(index)
      guard let inode = try? search.memory.word(entry + layout.inode), KernelPointer.isPlausible(inode) else {
        continue
      }
      for name in try mountPoints.standing(for: entry, &search) {
        guard let length = try? search.memory.word32(name + layout.length), lengths.contains(Int(length))
        else { continue }
        for path in paths.indices where try isEnd(name, of: paths[path][...], &search) {
          guard inodes.insert(inode).inserted else { continue }
          var count = found[path]
          try erase(VirtualAddress(inode), &search, &count)
          found[path] = count
        }
      }
    }
  }

  /// Whether a name and those above it are a path's.
  private mutating func isEnd(
    _ entry: VirtualAddress, of path: ArraySlice<[UInt8]>, _ search: inout SecretSearch
  ) throws(KernelError) -> Bool {
    guard let pattern = path.first, let name = name(entry, &search),
      Self.matches(name[...], pattern[...])
    else { return false }
    let above = path.dropFirst()
    if above.isEmpty { return true }
    guard let parent = try? search.memory.word(entry + layout.parent) else { return false }
    for name in try mountPoints.standing(for: VirtualAddress(parent), &search)
    where try isEnd(name, of: above, &search) { return true }
    return false
  }

  private func name(_ entry: VirtualAddress, _ search: inout SecretSearch) -> [UInt8]? {
    guard let length = try? search.memory.word32(entry + layout.length),
      (1...Self.longestName).contains(Int(length)), let text = try? search.memory.word(entry + layout.name)
    else { return nil }
    return try? search.bytes(at: VirtualAddress(text), count: Int(length))
  }

  /// Whether a name is of a pattern, in which `*` stands for any letters.
  static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var name = name
    let parts = pattern.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last else { return name == pattern }
    guard name.starts(with: parts[0]) else { return false }
    name = name.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let place = name.indices.first(where: { name[$0...].starts(with: part) }) else { return false }
      name = name[(place + part.count)...]
    }
    return name.count >= last.count && name.suffix(last.count).elementsEqual(last)
  }

  private mutating func erase(
    _ inode: VirtualAddress, _ search: inout SecretSearch, _ count: inout SecretCount
  ) throws(KernelError) {
    let mapping = VirtualAddress(try search.word(inode + layout.mapping, "an inode"))
    for (page, span) in try pages(of: mapping + layout.pages, &search) {
      guard let pfn = pfn(ofPage: page), Self.isFolio(pfn, span, of: search.kernel.physical) else {
        throw .malformed("the cache of a file has \(page), which is no struct page")
      }
      try search.erase(pfn..<pfn.advanced(by: Int(span)), &count)
    }
    count.count += 1
  }

  /// The first of each of the pages in a cache, and how many there are behind it as one: an entry stands for all since Linux 5.17;
  /// from 5.4 on there was one for each index, and all of them led to the first page.
  private mutating func pages(
    of cache: VirtualAddress, _ search: inout SecretSearch
  ) throws(KernelError) -> [(first: VirtualAddress, span: UInt64)] {
    var spans: [VirtualAddress: UInt64] = [:]
    for entry in try walk.entries(of: cache, &search) { spans[entry.pointer, default: 0] += entry.span }
    return spans.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// Whether pages can be one in the cache: as many as a power of two, aligned to that, all of them memory.
  private static func isFolio(_ pfn: PFN, _ span: UInt64, of memory: PhysicalMemory) -> Bool {
    guard span <= largestFolio, span.nonzeroBitCount == 1, pfn.rawValue % span == 0 else { return false }
    return memory.frames.count(in: pfn..<pfn.advanced(by: Int(span))) == span
  }

  /// Whose `struct page` lies there.
  private func pfn(ofPage page: VirtualAddress) -> PFN? {
    for section in sections where section.pages <= page {
      let distance = page.rawValue - section.pages.rawValue
      let index = distance / UInt64(pageSize)
      if distance % UInt64(pageSize) == 0, index < UInt64(section.frames.count) {
        return section.frames.lowerBound.advanced(by: Int(index))
      }
    }
    return nil
  }
}
