/// A kernel with keys in a tree, a random number generator, network namespaces with IPsec and WireGuard, and encrypted volumes.
public struct SecretFixture {
  public let tables = KernelWithTables { $0.cpus = 2 }

  /// - Parameter isBare: whether nobody says where anything is.
  public init(isBare: Bool = false) {
    var types = BTFBuilder()
    Self.addTypes(to: &types)
    tables.setTypes(types)
    if !isBare { tables.setSymbol("schedule", tables.kernel.text) }
  }

  /// Types of all of it.
  ///
  /// - Parameter chainsMounts: whether mounts are a chain (6.18), and no list.
  public static func addTypes(to types: inout BTFBuilder, chainsMounts: Bool = false) {
    let int = types.integer("unsigned int", 4)
    let short = types.integer("short unsigned int", 2)
    let char = types.integer("char", 1)
    let long = types.integer("long unsigned int", 8)
    let pointer = types.pointer()
    let words = types.array(long, 4)
    let bytes = types.array(char, 32)
    let flexible = types.array(char, 0)
    func structure(_ name: String, _ size: UInt32, _ members: [(String, UInt32, Int)]) -> UInt32 {
      types.structure(name, size, members.map { .init(name: $0.0, type: $0.1, offset: $0.2 * 8) })
    }
    let node = structure(
      "rb_node", 24, [("__rb_parent_color", long, 0), ("rb_right", pointer, 8), ("rb_left", pointer, 16)])
    _ = structure("rb_root", 8, [("rb_node", pointer, 0)])
    _ = structure("key", 64, [("serial_node", node, 0), ("type", pointer, 24), ("payload", words, 32)])
    _ = structure("key_type", 8, [("name", pointer, 0)])
    _ = structure("user_key_payload", 24, [("datalen", short, 16), ("data", flexible, 24)])
    _ = structure("crng", 48, [("key", bytes, 0), ("generation", long, 32)])
    _ = structure("batch_u64", 48, [("generation", long, 0), ("entropy", words, 8)])
    _ = structure("blake2s_state", 48, [("h", bytes, 0)])
    let list = structure("list_head", 16, [("next", pointer, 0), ("prev", pointer, 8)])
    let ipsec = structure("netns_xfrm", 16, [("state_all", list, 0)])
    _ = structure("net", 128, [("list", list, 16), ("xfrm", ipsec, 64), ("dev_base_head", list, 96)])
    let walk = structure("xfrm_state_walk", 16, [("all", list, 0)])
    _ = structure(
      "xfrm_state", 128,
      [("km", walk, 32), ("aalg", pointer, 64), ("ealg", pointer, 72), ("aead", pointer, 80)])
    for (name, key) in [("xfrm_algo", 68), ("xfrm_algo_auth", 72), ("xfrm_algo_aead", 72)] {
      _ = structure(name, UInt32(key), [("alg_key_len", int, 64), ("alg_key", flexible, key)])
    }

    // WireGuard's, as if it were built in.
    _ = structure("net_device", 32, [("dev_list", list, 0), ("rtnl_link_ops", pointer, 16)])
    _ = structure("rtnl_link_ops", 8, [("kind", pointer, 0)])
    let identity = structure("noise_static_identity", 32, [("static_private", bytes, 0)])
    let checker = structure("cookie_checker", 32, [("secret", bytes, 0)])
    _ = structure(
      "wg_device", 80,
      [("static_identity", identity, 0), ("cookie_checker", checker, 32), ("peer_list", list, 64)])
    let names = ["ephemeral_private", "precomputed_static_static", "preshared_key", "hash", "chaining_key"]
    let handshake = structure("noise_handshake", 160, names.enumerated().map { ($1, bytes, $0 * 32) })
    let cookie = structure("cookie", 32, [("cookie", bytes, 0)])
    let pairs = structure(
      "noise_keypairs", 24,
      [("current_keypair", pointer, 0), ("previous_keypair", pointer, 8), ("next_keypair", pointer, 16)])
    _ = structure(
      "wg_peer", 240,
      [
        ("peer_list", list, 0), ("handshake", handshake, 16), ("latest_cookie", cookie, 176),
        ("keypairs", pairs, 208),
      ])
    let symmetric = structure("noise_symmetric_key", 32, [("key", bytes, 0)])
    _ = structure("noise_keypair", 64, [("sending", symmetric, 0), ("receiving", symmetric, 32)])

    // Volumes, and the arrays that their numbers and the pages of files are kept in.
    let array = structure("xarray", 16, [("xa_head", pointer, 8)])
    let slots = types.array(pointer, 16)
    _ = structure("xa_node", 136, [("shift", char, 0), ("slots", slots, 8)])
    _ = structure("idr", 16, [("idr_rt", array, 0)])
    _ = structure("mapped_device", 8, [("map", pointer, 0)])
    _ = structure("dm_table", 16, [("num_targets", int, 0), ("targets", pointer, 8)])
    _ = structure("dm_target", 16, [("type", pointer, 0), ("private", pointer, 8)])
    _ = structure("target_type", 8, [("name", pointer, 0)])
    _ = structure("crypt_config", 8, [("key_size", int, 0), ("key", flexible, 8)])

    // What is found among objects: transforms, connections, names of files.
    _ = structure("crypto_alg", 64, [("cra_list", list, 0)])
    _ = structure(
      "crypto_tfm", 32,
      [
        ("refcnt", int, 0), ("crt_flags", int, 4), ("node", int, 8), ("exit", pointer, 16),
        ("__crt_alg", pointer, 24),
        ("__crt_ctx", flexible, 32),
      ])
    _ = structure("inet_connection_sock", 16, [("icsk_ulp_ops", pointer, 0), ("icsk_ulp_data", pointer, 8)])
    _ = structure("tcp_ulp_ops", 16, [("name", types.array(char, 16), 0)])
    let keys = types.array(char, 40)
    _ = structure(
      "tls_context", 96, [("sk", pointer, 0), ("crypto_send", keys, 8), ("crypto_recv", keys, 48)])
    let name = structure("qstr", 16, [("len", int, 0), ("name", pointer, 8)])
    _ = structure(
      "dentry", 40,
      [("d_name", name, 0), ("d_parent", pointer, 16), ("d_inode", pointer, 24), ("d_sb", pointer, 32)])
    _ = structure("super_block", 16, [("s_mounts", chainsMounts ? pointer : list, 0)])
    let tree = structure("vfsmount", 8, [("mnt_root", pointer, 0)])
    let link = chainsMounts ? ("mnt_next_for_sb", pointer, 0) : ("mnt_instance", list, 0)
    _ = structure("mount", 32, [link, ("mnt_mountpoint", pointer, 16), ("mnt", tree, 24)])
    _ = structure("inode", 8, [("i_mapping", pointer, 0)])
    _ = structure("address_space", 16, [("i_pages", array, 0)])
  }

  public static func words(_ words: UInt64...) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words { bytes.appendLittleEndian(word) }
    return bytes
  }

  public static func secret(_ count: Int, _ seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 * 73 + seed * 29) }
  }

  public func physical(_ address: UInt64) -> UInt64 {
    tables.kernel.image.lowerBound << 12 + address - tables.kernel.text
  }

  public func store(_ word: UInt64, at address: UInt64) {
    tables.kernel.memory.store(word, at: physical(address))
  }

  /// - Returns: the key's address, which is its node's too.
  public func addKey(_ type: String, payload: UInt64, left: UInt64 = 0, right: UInt64 = 0) -> UInt64 {
    let name = tables.place(Array(type.utf8) + [0])
    let type = tables.place(Self.words(name))
    return tables.place(Self.words(1, right, left, type, payload, 0, 0, 0))
  }

  public func addPayload(_ content: [UInt8], size: UInt16? = nil) -> UInt64 {
    tables.place(Self.words(0, 0, UInt64(size ?? UInt16(content.count))) + content)
  }

  public func setTree(_ root: UInt64) {
    tables.setSymbol("key_serial_tree", tables.place(Self.words(root)))
  }
}
