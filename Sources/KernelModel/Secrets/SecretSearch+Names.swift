internal import DumpMemory
internal import Platform

extension SecretSearch {
  /// What to ask ``Kernel`` for early.
  public static let symbols =
    SlabScan.symbols + LoadedModule.symbols + [
      "schedule", "key_serial_tree", "key_alloc", "base_crng", "get_random_bytes", "input_pool", "crngs",
      "batched_entropy_u8", "batched_entropy_u16", "batched_entropy_u32", "batched_entropy_u64",
      "irq_randomness", "net_namespace_list", "crypto_alg_list", "crypto_register_alg", "_minor_idr",
      "name_rb_tree", "dm_get_md", "register_netdevice", "load_module",
    ]

  /// Types that are wanted of the kernel's own; what modules have besides comes with them.
  static let wantedTypes: WantedTypes = {
    var wanted = WantedTypes(structures: [
      "key", "key_type", "rb_root", "rb_node", "user_key_payload", "encrypted_key_payload",
      "trusted_key_payload", "public_key", "asymmetric_key_subtype", "big_key_payload", "crng", "batch_u8",
      "batch_u16",
      "batch_u32", "batch_u64", "batched_entropy", "fast_pool", "blake2s_state", "blake2s_ctx", "net",
      "netns_xfrm",
      "xfrm_state", "xfrm_state_walk", "xfrm_algo", "xfrm_algo_auth", "xfrm_algo_aead", "net_device",
      "rtnl_link_ops",
      "crypto_alg", "crypto_tfm", "inet_connection_sock", "tcp_ulp_ops", "tls_context", "dentry", "qstr",
      "inode", "super_block", "mount", "vfsmount",
      "address_space", "xarray", "xa_node", "idr", "mapped_device", "dm_table", "dm_target", "target_type",
      "crypt_config",
      "wg_device", "wg_peer", "noise_keypair", "module", "mod_kallsyms", "btf_module", "btf", "list_head",
    ])
    wanted.formUnion(SlabLayout.wantedTypes)
    return wanted
  }()

  /// Where a variable lies.
  ///
  /// - Parameter function: a function of the same part of the kernel.
  /// - Returns: nil where the kernel was built without that part.
  /// - Throws: ``KernelError/absent(_:)`` where it has the part, or may have it, and nobody says where the variable lies.
  func place(of variable: String, besides function: String) throws(KernelError) -> VirtualAddress? {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    if let address = symbols.address(of: variable) { return address }
    guard symbols.address(of: "schedule") != nil, symbols.address(of: function) == nil else {
      throw .absent(
        "there is no symbol \(variable)"
          + (kernel.files.vmlinux == nil ? " in the vmcore; -x may name it" : ""))
    }
    return nil
  }

  /// The kernel's own types.
  func ownTypes() throws(KernelError) -> KernelTypes { try kernel.types(Self.wantedTypes) }

  /// Types of something that may be a module, or built in.
  ///
  /// - Parameter structure: one of its own.
  /// - Returns: nil if it is neither built in nor loaded.
  mutating func types(
    ofModule name: String, having structure: String
  ) throws(KernelError) -> KernelTypes? {
    let own = try ownTypes()
    guard let module = try module(name, own) else {
      return own.btf.size(structure) == nil ? nil : own
    }
    let symbols = kernel.symbolsAtHand(Self.symbols)
    guard let start = symbols.address(of: "__start_BTF"), let stop = symbols.address(of: "__stop_BTF") else {
      if own.btf.size(structure) != nil { return own }
      throw .absent("types of the module \(name) build upon the kernel's .BTF, which the vmcore lacks")
    }
    let base = try BTF(from: start, to: stop, &memory)
    let all = try module.types(symbols.address(of: "btf_modules"), after: base, in: &memory)
    guard all.size(structure) != nil else {
      throw .absent(
        "the module \(name) brought no types (CONFIG_DEBUG_INFO_BTF_MODULES), struct \(structure) among them")
    }
    return KernelTypes(all, evidence: "the BTF of \(name)")
  }

  /// A module, if it was loaded.
  mutating func module(_ name: String, _ types: KernelTypes) throws(KernelError) -> LoadedModule? {
    // Without modules there is no list of them.
    guard let list = try place(of: "modules", besides: "load_module") else { return nil }
    return try LoadedModule(named: name, in: list, of: kernel.machine, types: types.btf, memory: &memory)
  }

  // MARK: - Reading

  mutating func word(_ address: VirtualAddress, _ what: String) throws(KernelError) -> UInt64 {
    try number(address, byteCount: 8, what)
  }

  mutating func number(
    _ address: VirtualAddress, byteCount: Int, _ what: String
  ) throws(KernelError) -> UInt64 {
    do throws(VmcoreError) { return try memory.number(address, byteCount: byteCount) } catch {
      throw .unreadable(what, error)
    }
  }

  /// Text up to its NUL, 64 letters at most.
  mutating func text(_ address: VirtualAddress, _ what: String) throws(KernelError) -> String {
    do throws(VmcoreError) { return try memory.printableText(address, atMost: 64) } catch {
      throw .unreadable(what, error)
    }
  }

  mutating func bytes(at address: VirtualAddress, count: Int) throws(KernelError) -> [UInt8] {
    var buffer = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: count) }
    do throws(VmcoreError) {
      var bytes = buffer.mutableBytes
      try memory.read(address, into: &bytes)
    } catch { throw .unreadable("\(count) bytes at \(address)", error) }
    return unsafe buffer.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// The nodes of a list, which must be whole.
  mutating func nodes(
    of head: VirtualAddress, size: Int, _ what: String
  ) throws(KernelError) -> [VirtualAddress] {
    let list = ListNodes(of: head, atMost: kernel.mostObjects(of: size), &memory)
    if let problem = list.problem { throw .malformed("\(what) breaks off: \(problem)") }
    try spend(list.nodes.count, what)
    return list.nodes
  }

  /// Counts what is walked: lists may lead to each other, and all together have no more elements than memory can hold.
  mutating func spend(_ count: Int, _ what: String) throws(KernelError) {
    guard count <= budget else { throw .malformed("\(what): there are more than memory can hold") }
    budget -= count
  }
}

extension BTF {
  /// Where a member is.
  ///
  /// - Throws: ``KernelError/absent(_:)``
  func place(_ structure: String, _ path: String) throws(KernelError) -> Int {
    if let offset = offset(structure, path) { return offset }
    throw .absent("the kernel's types have no \(structure).\(path)")
  }

  /// Bytes of a structure.
  ///
  /// - Throws: ``KernelError/absent(_:)``
  func byteCount(_ structure: String) throws(KernelError) -> Int {
    if let size = size(structure) { return size }
    throw .absent("the kernel's types have no \(structure)")
  }
}
