internal import DumpMemory

/// The nodes of a `struct list_head` of the crashed kernel: forwards, and where that breaks off, what is reached backwards.
struct ListNodes {
  /// In the list's order, without the head.
  let nodes: [VirtualAddress]
  /// Why some may be missing; nil for a list that is whole.
  let problem: String?

  /// - Parameter limit: more nodes than memory can hold.
  init(of head: VirtualAddress, atMost limit: Int, _ memory: inout KernelMemory) {
    var seen: Set<VirtualAddress> = [head]
    var nodes: [VirtualAddress] = []
    let problem = Self.follow(head, link: 0, atMost: limit, seen: &seen, nodes: &nodes, in: &memory)
    if problem != nil {
      var back: [VirtualAddress] = []
      _ = Self.follow(head, link: 8, atMost: limit - nodes.count, seen: &seen, nodes: &back, in: &memory)
      nodes += back.reversed()
    }
    self.nodes = nodes
    self.problem = problem
  }

  /// - Parameter link: 0 for `next`, 8 for `prev`.
  /// - Returns: why it did not come back to the head.
  private static func follow(
    _ head: VirtualAddress, link: Int, atMost limit: Int, seen: inout Set<VirtualAddress>,
    nodes: inout [VirtualAddress], in memory: inout KernelMemory
  ) -> String? {
    var at = head
    while true {
      let next: VirtualAddress
      do throws(VmcoreError) { next = VirtualAddress(try memory.word(at + link)) } catch {
        // What was read of a node that is not there is nothing.
        if at != head { nodes.removeLast() }
        return "\(error)"
      }
      if next == head { return nil }
      guard KernelPointer.isPlausible(next.rawValue) else {
        return "\(at) leads to \(next), which is no node"
      }
      guard seen.insert(next).inserted else { return "it comes back to \(next)" }
      guard nodes.count < limit else { return "it has more nodes than the dump could hold" }
      nodes.append(next)
      at = next
    }
  }
}
