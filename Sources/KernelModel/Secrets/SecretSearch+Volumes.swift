internal import DumpMemory

/// drivers/md/: volumes are in `_minor_idr`, their tables have targets, and those of dm-crypt a `struct crypt_config`.
extension SecretSearch {
  private struct MapperLayout {
    let map: Int
    let targets: Int
    let targetCount: Int
    let targetSize: Int
    let type: Int
    let typeName: Int
    let own: Int

    init(_ types: borrowing BTF) throws(KernelError) {
      map = try types.place("mapped_device", "map")
      targets = try types.place("dm_table", "targets")
      targetCount = try types.place("dm_table", "num_targets")
      targetSize = try types.byteCount("dm_target")
      type = try types.place("dm_target", "type")
      typeName = try types.place("target_type", "name")
      own = try types.place("dm_target", "private")
    }
  }

  mutating func volumes(_ count: inout SecretCount) throws(KernelError) {
    guard let crypt = try types(ofModule: "dm_crypt", having: "crypt_config") else {
      count.absence = "the module dm_crypt was not loaded"
      return
    }
    guard let mapper = try types(ofModule: "dm_mod", having: "mapped_device") else {
      throw .absent("dm_crypt was loaded without dm_mod")
    }
    let layout = try MapperLayout(mapper.btf)
    let index = try minorNumbers(mapper)
    var tables: [VirtualAddress] = []
    var walk = try XArrayWalk(mapper.btf, of: kernel)
    for device in try walk.entries(of: index, &self).map(\.pointer) {
      tables.append(VirtualAddress(try word(device + layout.map, "a mapped device")))
    }
    for table in tables where table.rawValue != 0 {
      let targets = VirtualAddress(try word(table + layout.targets, "a table of a mapped device"))
      let number = try number(table + layout.targetCount, byteCount: 4, "a table of a mapped device")
      try spend(Int(number), "targets of mapped devices")
      for target in 0..<Int(number) {
        let target = targets + target * layout.targetSize
        let type = VirtualAddress(try word(target + layout.type, "a target"))
        let name = VirtualAddress(try word(type + layout.typeName, "a type of targets"))
        guard try text(name, "a type of targets") == "crypt" else { continue }
        try volume(VirtualAddress(try word(target + layout.own, "a target")), crypt, &count)
      }
    }
  }

  /// `_minor_idr`
  private mutating func minorNumbers(_ mapper: KernelTypes) throws(KernelError) -> VirtualAddress {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    let head = try mapper.btf.place("idr", "idr_rt.xa_head")
    if let own = symbols.address(of: "_minor_idr") { return own + head }
    let names = ["_minor_idr"]
    guard let module = try module("dm_mod", ownTypes()),
      let found = try module.addresses(of: names, types: ownTypes().btf, in: &memory)["_minor_idr"]
    else { throw .absent("there is no variable _minor_idr") }
    return found + head
  }

  /// drivers/md/dm-crypt.c
  private mutating func volume(
    _ config: VirtualAddress, _ types: KernelTypes, _ count: inout SecretCount
  ) throws(KernelError) {
    let place = try types.btf.place("crypt_config", "key")
    let length = try types.btf.place("crypt_config", "key_size")
    // A table that is not whole yet.
    guard config.rawValue != 0 else { return }
    let size = try number(config + length, byteCount: 4, "a volume")
    guard size > 0 else { return }
    try erase(config + place, byteCount: Int(size), &count)
    // A table comes as text, and so did this one.
    try remember(try bytes(at: config + place, count: Int(size)).flatMap(Self.digits))
    count.count += 1
  }

  private static func digits(_ byte: UInt8) -> [UInt8] {
    let letters = Array("0123456789abcdef".utf8)
    return [letters[Int(byte >> 4)], letters[Int(byte & 15)]]
  }
}
