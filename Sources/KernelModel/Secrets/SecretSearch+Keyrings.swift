internal import DumpMemory

/// security/keys/: all keys are in the tree `key_serial_tree`.
extension SecretSearch {
  /// Types of keys whose payload is no secret, or no memory of its own.
  private static let openTypes: Set<String> = [
    "keyring", "dns_resolver", "id_resolver", "id_legacy", "blacklist", ".request_key_auth", ".dead",
  ]

  private struct KeyLayout {
    let node: Int
    let size: Int
    let type: Int
    let typeName: Int
    let payload: Int
    let root: Int
    let left: Int
    let right: Int

    init(_ types: borrowing BTF) throws(KernelError) {
      node = try types.place("key", "serial_node")
      size = try types.byteCount("key")
      type = try types.place("key", "type")
      typeName = try types.place("key_type", "name")
      payload = try types.place("key", "payload")
      root = try types.place("rb_root", "rb_node")
      left = try types.place("rb_node", "rb_left")
      right = try types.place("rb_node", "rb_right")
    }
  }

  mutating func keyrings(_ count: inout SecretCount) throws(KernelError) {
    guard let tree = try place(of: "key_serial_tree", besides: "key_alloc") else {
      count.absence = "the kernel has no keys"
      return
    }
    let types = try ownTypes()
    let layout = try KeyLayout(types.btf)
    var unknown: [String: Int] = [:]
    var slabs: SlabScan?
    for node in try nodes(ofTree: tree, layout) {
      let key = node + -layout.node
      let type = VirtualAddress(try word(key + layout.type, "a key"))
      let name = try text(
        VirtualAddress(try word(type + layout.typeName, "a type of keys")), "a type of keys")
      if Self.openTypes.contains(name) { continue }
      let before = count.bytes
      let isKnown = try payload(key + layout.payload, of: name, types, &count)
      if !isKnown {
        if slabs == nil { slabs = try SlabScan(kernel, in: &memory) }
        let objects = try objects(at: key + layout.payload, &slabs, &count)
        if objects == 0 { continue }
        unknown[name, default: 0] += 1
      }
      if count.bytes > before { count.count += 1 }
    }
    for (name, keys) in unknown.sorted(by: { $0.key < $1.key }) {
      count.remarks.append("\(keys) of type \(name) by the whole objects that they point to")
    }
  }

  /// The nodes of a tree, each once.
  private mutating func nodes(
    ofTree tree: VirtualAddress, _ layout: KeyLayout
  ) throws(KernelError) -> [VirtualAddress] {
    let limit = kernel.mostObjects(of: layout.size)
    var found: [VirtualAddress] = []
    var seen: Set<VirtualAddress> = []
    var open = [VirtualAddress(try word(tree + layout.root, "key_serial_tree"))]
    while let node = open.popLast() {
      if node.rawValue == 0 { continue }
      guard KernelPointer.isPlausible(node.rawValue), seen.insert(node).inserted, found.count < limit else {
        throw .malformed("the tree of keys leads to \(node), which is no other key")
      }
      found.append(node)
      open.append(VirtualAddress(try word(node + layout.left, "the tree of keys")))
      open.append(VirtualAddress(try word(node + layout.right, "the tree of keys")))
    }
    return found
  }

  /// Erases a payload whose form is known.
  ///
  /// - Returns: false if it is not.
  private mutating func payload(
    _ place: VirtualAddress, of type: String, _ types: KernelTypes, _ count: inout SecretCount
  ) throws(KernelError) -> Bool {
    let first = VirtualAddress(try word(place, "a key"))
    switch type {
    case "user", "logon":
      let length = try types.btf.place("user_key_payload", "datalen")
      let data = try types.btf.place("user_key_payload", "data")
      // A key that was revoked, or never came to be.
      guard first.rawValue != 0 else { return true }
      let size = try number(first + length, byteCount: 2, "the payload of a key")
      try erase(first + data, byteCount: Int(size), &count)
    case "encrypted":
      guard let data = types.btf.offset("encrypted_key_payload", "decrypted_data"),
        let length = types.btf.offset("encrypted_key_payload", "payload_datalen")
      else { return false }
      guard first.rawValue != 0 else { return true }
      let size = try number(first + length, byteCount: 2, "the payload of a key")
      try erase(VirtualAddress(try word(first + data, "the payload of a key")), byteCount: Int(size), &count)
    case "trusted":
      guard let data = types.btf.offset("trusted_key_payload", "key"),
        let length = types.btf.offset("trusted_key_payload", "key_len")
      else { return false }
      guard first.rawValue != 0 else { return true }
      let size = try number(first + length, byteCount: 4, "the payload of a key")
      try erase(first + data, byteCount: Int(size), &count)
    case "big_key":
      guard let data = types.btf.offset("big_key_payload", "data"),
        let length = types.btf.offset("big_key_payload", "length")
      else { return false }
      let size = try word(place + length, "a key")
      let key = VirtualAddress(try word(place + data, "a key"))
      guard key.rawValue != 0 else { return true }
      // What is larger than an inode and its name (BIG_KEY_FILE_THRESHOLD) lies in a file in memory, encrypted by a key of 32 bytes.
      let threshold = try types.btf.byteCount("inode") + types.btf.byteCount("dentry")
      try erase(key, byteCount: size > UInt64(threshold) ? 32 : Int(size), &count)
    case "asymmetric": try asymmetricKey(place, types, &count)
    default: return false
    }
    return true
  }

  /// crypto/asymmetric_keys/: of a key pair the private half, if the kernel has that.
  private mutating func asymmetricKey(
    _ place: VirtualAddress, _ types: KernelTypes, _ count: inout SecretCount
  ) throws(KernelError) {
    let subtype = VirtualAddress(try word(place + 8, "an asymmetric key"))
    let key = VirtualAddress(try word(place, "an asymmetric key"))
    guard subtype.rawValue != 0, key.rawValue != 0 else { return }
    let name = try types.btf.place("asymmetric_key_subtype", "name")
    guard
      try text(VirtualAddress(try word(subtype + name, "an asymmetric key")), "an asymmetric key")
        == "public_key",
      let isPrivate = types.btf.offset("public_key", "key_is_private")
    else { return }
    guard try number(key + isPrivate, byteCount: 1, "an asymmetric key") & 1 != 0 else { return }
    let data = VirtualAddress(try word(key + types.btf.place("public_key", "key"), "an asymmetric key"))
    let size = try number(key + types.btf.place("public_key", "keylen"), byteCount: 4, "an asymmetric key")
    try erase(data, byteCount: Int(size), &count)
  }

  /// Erases whole what a payload of another form points to.
  ///
  /// - Returns: how many objects that were.
  private mutating func objects(
    at place: VirtualAddress, _ slabs: inout SlabScan?, _ count: inout SecretCount
  ) throws(KernelError) -> Int {
    var found = 0
    for index in 0..<4 {
      let pointer = VirtualAddress(try word(place + index * 8, "a key"))
      guard KernelPointer.isPlausible(pointer.rawValue), let slab = slabs?.slab(at: pointer, in: &memory),
        slab.isOfKmalloc
      else { continue }
      let distance = pointer.rawValue &- slab.object(0).rawValue
      guard distance < UInt64(slab.objects) * UInt64(slab.objectSize) else { continue }
      let object = slab.object(Int(distance) / slab.objectSize)
      try erase(object, byteCount: slab.contentSize, keys: [], &count)
      found += 1
    }
    return found
  }
}
