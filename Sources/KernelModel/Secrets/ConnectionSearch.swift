internal import DumpMemory

/// Finds TCP's sockets that the kernel's TLS serves, among the objects of their slabs (net/tls).
struct ConnectionSearch {
  private(set) var count = SecretCount("tls", "connections")
  private var layout: Layout?

  private struct Layout {
    let operations: Int
    let data: Int
    let name: Int
    let socket: Int
    let contexts: [(offset: Int, size: Int)]
    /// Version and cipher come first, and are none of the key: `struct tls_crypto_info`.
    static let header = 4

    init(_ own: borrowing BTF, _ types: borrowing BTF) throws(KernelError) {
      operations = try own.place("inet_connection_sock", "icsk_ulp_ops")
      data = try own.place("inet_connection_sock", "icsk_ulp_data")
      name = try own.place("tcp_ulp_ops", "name")
      socket = try types.place("tls_context", "sk")
      var contexts: [(offset: Int, size: Int)] = []
      for member in ["crypto_send", "crypto_recv"] {
        guard let found = types.member("tls_context", path: member), let offset = found.offset,
          let size = found.size, size > Self.header
        else { throw .absent("the kernel's types have no tls_context.\(member) with a key") }
        contexts.append((offset, size))
      }
      self.contexts = contexts
    }
  }

  private static let caches: Set<String> = ["TCP", "TCPv6", "MPTCP", "MPTCPv6"]

  /// - Parameter types: nil if TLS is neither built in nor loaded.
  init(_ kernel: Kernel, types: KernelTypes?) throws(KernelError) {
    guard let types else {
      count.absence = "the module tls was not loaded"
      return
    }
    layout = try Layout(try kernel.types(SecretSearch.wantedTypes).btf, types.btf)
  }

  mutating func visit(_ slab: KernelSlab, _ search: inout SecretSearch) throws(KernelError) {
    guard let layout, Self.caches.contains(slab.cacheName) else { return }
    for index in 0..<slab.objects {
      let socket = slab.object(index)
      let operations = try search.word(socket + layout.operations, "a socket")
      let data = try search.word(socket + layout.data, "a socket")
      guard operations >> 63 == 1, KernelPointer.isPlausible(data) else { continue }
      let name = try search.text(VirtualAddress(operations) + layout.name, "a socket's protocol")
      let context = VirtualAddress(data)
      // What a socket had before it was freed may be another's by now.
      guard name == "tls", try search.word(context + layout.socket, "a TLS connection") == socket.rawValue
      else { continue }
      for (offset, size) in layout.contexts {
        try search.erase(context + offset, byteCount: size, keys: [Layout.header..<size], &count)
      }
      count.count += 1
    }
  }
}
