internal import DumpMemory

/// net/: namespaces, IPsec's associations (net/xfrm), WireGuard's interfaces (drivers/net/wireguard).
extension SecretSearch {
  /// `struct net`s
  private mutating func namespaces(_ types: KernelTypes) throws(KernelError) -> [VirtualAddress]? {
    guard let head = try place(of: "net_namespace_list", besides: "register_netdevice") else { return nil }
    let link = try types.btf.place("net", "list")
    return try nodes(of: head, size: types.btf.byteCount("net"), "the list of network namespaces").map {
      $0 + -link
    }
  }

  mutating func associations(_ count: inout SecretCount) throws(KernelError) {
    let types = try ownTypes()
    guard let namespaces = try namespaces(types), let all = types.btf.offset("net", "xfrm.state_all") else {
      count.absence = "the kernel has no IPsec"
      return
    }
    let link = try types.btf.place("xfrm_state", "km.all")
    let size = try types.btf.byteCount("xfrm_state")
    for namespace in namespaces {
      for node in try nodes(of: namespace + all, size: size, "a list of IPsec's associations") {
        for (member, structure) in [
          ("aalg", "xfrm_algo_auth"), ("ealg", "xfrm_algo"), ("aead", "xfrm_algo_aead"),
        ] {
          let pointer = try types.btf.place("xfrm_state", member)
          let algorithm = VirtualAddress(try word(node + -link + pointer, "an association of IPsec"))
          guard algorithm.rawValue != 0 else { continue }
          let length = try types.btf.place(structure, "alg_key_len")
          let key = try types.btf.place(structure, "alg_key")
          let bits = try number(algorithm + length, byteCount: 4, "a key of IPsec")
          try erase(algorithm + key, byteCount: Int((bits + 7) / 8), &count)
          count.count += 1
        }
      }
    }
  }

  // MARK: - WireGuard

  mutating func tunnels(_ count: inout SecretCount) throws(KernelError) {
    guard let own = try types(ofModule: "wireguard", having: "wg_device") else {
      count.absence = "the module wireguard was not loaded"
      return
    }
    guard let namespaces = try namespaces(own) else { throw .absent("there are no network namespaces") }
    let devices = try own.btf.place("net", "dev_base_head")
    let link = try own.btf.place("net_device", "dev_list")
    let operations = try own.btf.place("net_device", "rtnl_link_ops")
    let kind = try own.btf.place("rtnl_link_ops", "kind")
    let size = try own.btf.byteCount("net_device")
    // NETDEV_ALIGN
    let interface = (size + 31) & ~31
    for namespace in namespaces {
      for node in try nodes(of: namespace + devices, size: size, "a list of network devices") {
        let device = node + -link
        let type = VirtualAddress(try word(device + operations, "a network device"))
        guard type.rawValue != 0 else { continue }
        let name = VirtualAddress(try word(type + kind, "a kind of network devices"))
        guard name.rawValue != 0, try text(name, "a kind of network devices") == "wireguard" else { continue }
        try tunnel(device + interface, own, &count)
      }
    }
  }

  private mutating func tunnel(
    _ device: VirtualAddress, _ own: KernelTypes, _ count: inout SecretCount
  ) throws(KernelError) {
    for path in ["static_identity.static_private", "cookie_checker.secret"] {
      try erase("wg_device", path, at: device, own, &count)
    }
    count.count += 1
    let link = try own.btf.place("wg_peer", "peer_list")
    let list = device + (try own.btf.place("wg_device", "peer_list"))
    for node in try nodes(of: list, size: own.btf.byteCount("wg_peer"), "a list of WireGuard's peers") {
      let peer = node + -link
      for name in ["ephemeral_private", "precomputed_static_static", "preshared_key", "hash", "chaining_key"]
      {
        try erase("wg_peer", "handshake." + name, at: peer, own, &count)
      }
      try erase("wg_peer", "latest_cookie.cookie", at: peer, own, &count)
      for name in ["current_keypair", "previous_keypair", "next_keypair"] {
        let pair = VirtualAddress(
          try word(peer + own.btf.place("wg_peer", "keypairs." + name), "a peer of WireGuard"))
        guard pair.rawValue != 0 else { continue }
        for path in ["sending.key", "receiving.key"] {
          try erase("noise_keypair", path, at: pair, own, &count)
        }
      }
      count.count += 1
    }
  }

  /// Erases a member.
  private mutating func erase(
    _ structure: String, _ path: String, at place: VirtualAddress, _ types: KernelTypes,
    _ count: inout SecretCount
  ) throws(KernelError) {
    guard let member = types.btf.member(structure, path: path), let offset = member.offset,
      let size = member.size
    else { throw .absent("the kernel's types have no \(structure).\(path)") }
    try erase(place + offset, byteCount: size, &count)
  }
}
