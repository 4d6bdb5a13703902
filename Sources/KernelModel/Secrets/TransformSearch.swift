internal import DumpMemory
internal import Platform

/// Finds transforms of the crypto API among the objects of slabs: each points to its algorithm, and `crypto_alg_list` has those.
///
/// include/linux/crypto.h. Behind the pointer lies what the algorithm keeps, up to the object's end: keys as they are, expanded, or
/// what was made of them. Those that were freed have it too.
struct TransformSearch: ~Copyable {
  private(set) var count = SecretCount("crypto", "transforms")
  private var algorithms: Set<UInt64> = []
  private var range: ClosedRange<UInt64> = 0...0
  private let layout: Layout
  private let machine: Machine
  private var buffer: MappedBuffer

  private struct Layout {
    let flags: Int
    let node: Int
    let references: Int?
    let exit: Int
    let algorithm: Int
    let content: Int

    init(_ types: borrowing BTF) throws(KernelError) {
      flags = try types.place("crypto_tfm", "crt_flags")
      node = try types.place("crypto_tfm", "node")
      // 6.2
      references = types.offset("crypto_tfm", "refcnt")
      exit = try types.place("crypto_tfm", "exit")
      algorithm = try types.place("crypto_tfm", "__crt_alg")
      content = try types.place("crypto_tfm", "__crt_ctx")
    }
  }

  /// What stands before a transform in its object is of one size for each kind, and small.
  private static let farthest = 512
  /// Bytes of the largest slab.
  private static let mostBytes = 4 << 20

  /// - Parameter head: `crypto_alg_list`
  init(_ kernel: Kernel, algorithms head: VirtualAddress, in memory: inout KernelMemory) throws(KernelError) {
    let types = try kernel.types(SecretSearch.wantedTypes)
    let layout = try Layout(types.btf)
    let link = try types.btf.place("crypto_alg", "cra_list")
    let size = try types.btf.byteCount("crypto_alg")
    let list = ListNodes(of: head, atMost: kernel.mostObjects(of: size), &memory)
    if let problem = list.problem { throw .malformed("the list of algorithms breaks off: \(problem)") }
    let buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: Self.mostBytes)
    }
    self.buffer = buffer
    self.layout = layout
    machine = kernel.machine
    algorithms = Set(list.nodes.map { ($0 + -link).rawValue })
    if let first = algorithms.min(), let last = algorithms.max() { range = first...last }
  }

  mutating func visit(_ slab: KernelSlab, _ search: inout SecretSearch) throws(KernelError) {
    let size = slab.objects * slab.objectSize
    guard slab.isOfKmalloc, !algorithms.isEmpty, slab.contentSize > layout.content, size <= Self.mostBytes
    else {
      return
    }
    var bytes = buffer.mutableBytes(in: 0..<size)
    do throws(VmcoreError) { try search.memory.readSequentially(slab.object(0), into: &bytes) } catch {
      if count.remarks.isEmpty {
        count.remarks.append("slabs that cannot be read are left as they are: \(error)")
      }
      return
    }
    for index in 0..<slab.objects {
      let start = index * slab.objectSize
      let last = start + min(slab.contentSize - layout.content - 8 + layout.algorithm, Self.farthest)
      for place in stride(from: start + layout.algorithm, through: max(last, start), by: 8) {
        let word = buffer.bytes.littleEndian(at: place, as: UInt64.self) ?? 0
        guard range.contains(word), algorithms.contains(word), isTransform(place - layout.algorithm) else {
          continue
        }
        let first = place - layout.algorithm + layout.content
        let end = start + slab.contentSize
        let kept = unsafe buffer.bytes.extracting(first..<end).withUnsafeBytes { unsafe Array($0) }
        try search.erase(slab.object(index) + (first - start), byteCount: kept.count, keys: [], &count)
        for schedule in AESKeySchedule.found(in: kept) {
          try search.remember(schedule.encryption)
          try search.remember(schedule.decryption)
        }
        count.count += 1
        break
      }
    }
  }

  /// Whether the words before the pointer can be a transform's, and not those of what else points to algorithms.
  private func isTransform(_ place: Int) -> Bool {
    func number(_ offset: Int) -> UInt32 {
      buffer.bytes.littleEndian(at: place + offset, as: UInt32.self) ?? .max
    }
    let leave = buffer.bytes.littleEndian(at: place + layout.exit, as: UInt64.self) ?? 1
    let count = layout.references.map { number($0) } ?? 1
    return (leave == 0 || machine.isInImage(leave)) && number(layout.flags) < 1 << 24 && count < 1 << 24
      && Int32(bitPattern: number(layout.node)) >= -1 && Int32(bitPattern: number(layout.node)) < 1 << 16
  }
}
