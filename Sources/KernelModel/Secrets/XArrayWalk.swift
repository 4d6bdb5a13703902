internal import DumpMemory

/// Goes through a `struct xarray` (include/linux/xarray.h, Linux 4.20), which an IDR and a file's cache are too.
struct XArrayWalk {
  struct Entry {
    let pointer: VirtualAddress
    /// How many indices it stands for.
    let span: UInt64
  }

  /// Above all levels: an index has 64 bits, a page of memory none of the last 12.
  private static let highest: UInt64 = 52

  private let shift: Int
  private let slots: Int
  private let slotCount: Int
  /// Nodes that may still be visited: those of all arrays together fit into memory.
  private var budget: Int

  init(_ types: borrowing BTF, of kernel: Kernel) throws(KernelError) {
    guard let member = types.member("xa_node", path: "slots"), let slots = member.offset,
      let length = member.length, (16...64).contains(length)
    else { throw .absent("the kernel's types have no xa_node.slots") }
    self.slots = slots
    slotCount = length
    shift = try types.place("xa_node", "shift")
    budget = kernel.mostObjects(of: try types.byteCount("xa_node"))
  }

  /// - Parameter head: where `xa_head` lies.
  /// - Returns: pointers, but for those that are none: values.
  mutating func entries(
    of head: VirtualAddress, _ search: inout SecretSearch
  ) throws(KernelError) -> [Entry] {
    let what = "an array of the kernel's"
    let first = try search.word(head, what)
    guard Self.isNode(first) else {
      return Self.isPointer(first) ? [Entry(pointer: VirtualAddress(first), span: 1)] : []
    }
    var entries: [Entry] = []
    var seen: Set<UInt64> = []
    // With nodes goes how far above its children each must be.
    var open: [(node: UInt64, limit: UInt64)] = [(first, Self.highest)]
    while let (entry, above) = open.popLast() {
      let node = VirtualAddress(entry & ~3)
      let level = try search.number(node + shift, byteCount: 1, what)
      budget -= 1
      guard seen.insert(entry).inserted, budget >= 0, level < above else {
        throw .malformed("\(what) leads to \(node), which is no node below")
      }
      var slot = 0
      while slot < slotCount {
        let word = try search.word(node + slots + slot * 8, what)
        slot += 1
        if level > 0, Self.isNode(word) {
          open.append((word, level))
        } else if Self.isPointer(word) {
          // What stands for more than one index is followed by others that say so.
          var span: UInt64 = 1
          while slot < slotCount, Self.isSibling(try search.word(node + slots + slot * 8, what)) {
            slot += 1
            span += 1
          }
          entries.append(Entry(pointer: VirtualAddress(word), span: span << level))
        }
      }
    }
    return entries
  }

  private static func isNode(_ word: UInt64) -> Bool { word & 3 == 2 && word > 4096 }
  private static func isSibling(_ word: UInt64) -> Bool { word & 3 == 2 && word < 62 << 2 }
  private static func isPointer(_ word: UInt64) -> Bool {
    word & 3 == 0 && KernelPointer.isPlausible(word & ~7)
  }
}
