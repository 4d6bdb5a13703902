internal import DumpMemory

/// drivers/char/random.c, as Linux 5.17 made it and updates of older kernels have it: `base_crng`, `input_pool`, and what each
/// processor has.
extension SecretSearch {
  mutating func randomNumbers(_ count: inout SecretCount) throws(KernelError) {
    guard let base = try place(of: "base_crng", besides: "get_random_bytes") else {
      count.absence = "the kernel has no random numbers"
      return
    }
    let types = try ownTypes()
    // The structure has no name; CHACHA_KEY_SIZE bytes are its first member.
    try erase(base, byteCount: 32, &count)
    count.count += 1
    guard let pool = try place(of: "input_pool", besides: "get_random_bytes"),
      let state = types.btf.size("blake2s_state") ?? types.btf.size("blake2s_ctx")
    else { throw .absent("the input pool is of a form that is not known") }
    try erase(pool, byteCount: state, &count)
    count.count += 1
    var offsets = ProcessorAreas.offsets(of: kernel, in: &memory)
    // A processor that is not there has none of its own.
    offsets = offsets.filter { $0 != 0 }
    guard !offsets.isEmpty else { throw .absent("nobody says where processors have their own variables") }
    let symbols = kernel.symbolsAtHand(Self.symbols)
    var states = 0
    for (name, structure, member) in [
      ("crngs", "crng", "key"), ("batched_entropy_u8", "batch_u8", "entropy"),
      ("batched_entropy_u16", "batch_u16", "entropy"), ("batched_entropy_u32", "batch_u32", "entropy"),
      ("batched_entropy_u64", "batch_u64", "entropy"), ("irq_randomness", "fast_pool", "pool"),
    ] {
      guard let variable = symbols.address(of: name) else { continue }
      guard let found = types.btf.member(structure, path: member) ?? oldBatch(name, types),
        let place = found.offset, let size = found.size
      else { throw .absent("the kernel's types have no \(structure).\(member)") }
      for offset in offsets {
        try erase(VirtualAddress(variable.rawValue &+ offset) + place, byteCount: size, &count)
        states += 1
      }
    }
    guard states > 0 else { throw .absent("there are no symbols of what processors keep of random numbers") }
    count.count += states
  }

  /// Before 5.19 all widths had one structure.
  private func oldBatch(_ name: String, _ types: KernelTypes) -> BTF.Member? {
    types.btf.member("batched_entropy", path: String(name.dropFirst("batched_".count)))
  }
}
