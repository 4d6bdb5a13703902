internal import DumpMemory
internal import Platform

/// Finds in the crashed kernel's memory what the `secrets` statements of an ``ErasureScript`` ask for.
///
/// What this kernel does not have is passed over and said. Where something must be, and a way there is broken or of a form that is not
/// known, it ends with an error: nothing is left unerased without a word. Slabs that cannot be read are counted.
public struct SecretSearch: ~Copyable {
  let kernel: Kernel
  let request: SecretRequest
  var memory: KernelMemory
  var freed = FreedObjects()
  private var erased = ErasedMemory()
  private var keys = KeyBytes()
  private var counts: [SecretCount] = []
  /// More bytes than the machine has cannot be erased.
  private let mostBytes: UInt64
  /// Elements of lists that may still be visited.
  var budget: Int

  /// What is to be erased.
  public struct Result: Sendable {
    public let memory: ErasedMemory
    /// What overwrites free objects and copies; nil where there are none.
    public let layer: SecretLayer?
    /// Kind by kind.
    public let counts: [SecretCount]
    /// Lines of the dump's erase info.
    public let record: String
  }

  /// Bytes of the smallest thing on a list: a target of a mapped device, an association, a peer, a namespace.
  private static let leastElement = 128
  /// What is longer is no key, and no payload of one.
  private static let longestKey: UInt64 = 1 << 20

  /// - Parameter kernel: in memory as it saw it.
  /// - Throws: ``KernelError``, with the kind of secrets that cannot be erased.
  public static func run(_ request: SecretRequest, _ kernel: Kernel) throws(KernelError) -> Result {
    var search = try SecretSearch(request, kernel)
    try search.run()
    return search.result()
  }

  init(_ request: SecretRequest, _ kernel: Kernel) throws(KernelError) {
    self.kernel = kernel
    self.request = request
    memory = try kernel.reader()
    mostBytes = kernel.physical.frames.count << kernel.geometry.shift
    budget = kernel.mostObjects(of: Self.leastElement)
  }

  private mutating func run() throws(KernelError) {
    try kernel.symbols(Self.symbols)
    for kind in SecretKind.allCases where request.kinds.contains(kind) { try find(kind) }
    try findInSlabs()
  }

  private mutating func find(_ kind: SecretKind) throws(KernelError) {
    var count: SecretCount
    do throws(KernelError) {
      switch kind {
      case .keyrings:
        count = SecretCount("keyrings", "keys")
        try keyrings(&count)
      case .dmCrypt:
        count = SecretCount("dm-crypt", "volumes")
        try volumes(&count)
      case .ipsec:
        count = SecretCount("ipsec", "keys")
        try associations(&count)
      case .wireguard:
        count = SecretCount("wireguard", "interfaces and peers")
        try tunnels(&count)
      case .random:
        count = SecretCount("random", "states")
        try randomNumbers(&count)
      case .crypto, .tls, .freed, .copies: return
      }
    } catch { throw Self.named(error, kind.rawValue) }
    counts.append(count)
  }

  /// All that takes a walk over slabs, in one.
  private mutating func findInSlabs() throws(KernelError) {
    let wanted = request.kinds.intersection([.crypto, .tls, .freed])
    if wanted.isEmpty && request.files.isEmpty { return }
    var name =
      (SecretKind.allCases.filter(wanted.contains).map(\.rawValue) + (request.files.isEmpty ? [] : ["file"]))
      .joined(separator: ", ")
    do throws(KernelError) {
      var scan = try SlabScan(kernel, in: &memory)
      var crypto: TransformSearch?
      if wanted.contains(.crypto) {
        name = SecretKind.crypto.rawValue
        if let algorithms = try place(of: "crypto_alg_list", besides: "crypto_register_alg") {
          crypto = try TransformSearch(kernel, algorithms: algorithms, in: &memory)
        } else {
          var count = SecretCount("crypto", "transforms")
          count.absence = "the kernel has no crypto API"
          counts.append(count)
        }
      }
      var connections: ConnectionSearch?
      if wanted.contains(.tls) {
        name = SecretKind.tls.rawValue
        connections = try ConnectionSearch(kernel, types: try types(ofModule: "tls", having: "tls_context"))
      }
      var files: FileSearch?
      if !request.files.isEmpty {
        name = "file"
        files = try FileSearch(request.files, kernel)
      }
      var broken = 0
      while let slabs = scan.next(in: &memory) {
        for slab in slabs {
          name = SecretKind.crypto.rawValue
          try crypto?.visit(slab, &self)
          name = SecretKind.tls.rawValue
          try connections?.visit(slab, &self)
          name = "file"
          try files?.visit(slab, &self)
          name = SecretKind.freed.rawValue
          if wanted.contains(.freed) { try addFreed(slab, &broken) }
        }
      }
      addCounts(scan, [crypto?.count, connections?.count] + (files?.counts ?? []), broken: broken)
    } catch { throw Self.named(error, name) }
  }

  private mutating func addFreed(_ slab: KernelSlab, _ broken: inout Int) throws(KernelError) {
    guard slab.isOfKmalloc, !slab.poisonsObjects else { return }
    let free = slab.freeObjects(&memory)
    if free.isBroken { broken += 1 }
    guard free.count == 0 || freed.add(slab, free: free.bits) else {
      throw .malformed("there are more free objects than can be kept in mind: leave out \"secrets freed\"")
    }
  }

  private mutating func addCounts(_ scan: borrowing SlabScan, _ found: [SecretCount?], broken: Int) {
    var remarks: [String] = []
    if scan.unreadableFrames > 0 {
      remarks.append("of \(scan.unreadableFrames) pages it cannot be read whether they are slabs")
    }
    if scan.implausible > 0 {
      remarks.append("\(scan.implausible) slabs make no sense and are left as they are")
    }
    var all = found.compactMap { $0 }
    if request.kinds.contains(.freed) {
      var count = SecretCount("freed", "objects")
      count.count = freed.count
      count.bytes = freed.byteCount
      if broken > 0 { count.remarks.append("the lists of \(broken) slabs break off") }
      all.append(count)
    }
    for index in all.indices where all[index].absence == nil { all[index].remarks += remarks }
    counts += all
  }

  private static func named(_ error: KernelError, _ kind: String) -> KernelError {
    error.following("secrets \(kind)")
  }

  private consuming func result() -> Result {
    var erased = erased
    var freed = freed
    erased.finish()
    freed.finish()
    var counts = counts
    let index = KeyIndex(request.kinds.contains(.copies) ? keys : KeyBytes())
    if request.kinds.contains(.copies) {
      var count = SecretCount("copies", "keys to look for")
      count.count = keys.count
      count.bytes = UInt64(keys.bytes.count)
      if keys.weak > 0 {
        count.remarks.append(
          "\(keys.weak) of less than \(KeyBytes.shortest) bytes or eight values are not looked for")
      }
      counts.append(count)
    }
    let record = counts.filter { $0.count > 0 }.map { "erase " + $0.text + "\n" }.joined()
    let isIdle = freed.isEmpty && index.isEmpty
    let layer = isIdle ? nil : SecretLayer(freed, keys: index, geometry: kernel.geometry)
    return Result(memory: erased, layer: layer, counts: counts, record: record)
  }

  // MARK: - Erasing

  /// Erases bytes of the kernel's memory.
  ///
  /// - Parameter keys: where among them keys lie, which are to be looked for elsewhere; all of them if nil.
  mutating func erase(
    _ address: VirtualAddress, byteCount: Int, keys: [Range<Int>]? = nil, _ count: inout SecretCount
  ) throws(KernelError) {
    guard byteCount > 0 else { return }
    guard UInt64(byteCount) <= min(Self.longestKey, mostBytes) else {
      throw .malformed("\(byteCount) bytes at \(address) are said to be a key")
    }
    let content = try bytes(at: address, count: byteCount)
    for range in keys ?? [0..<byteCount] {
      guard self.keys.add(Array(content[range.clamped(to: 0..<byteCount)])) else {
        throw .malformed("there are more than \(KeyBytes.mostBytes) bytes of keys")
      }
    }
    let problem = erased.add(
      address, count: UInt64(byteCount), filling: ErasedMemory.letter, in: &memory)
    if let problem { throw .malformed("what lies at \(address) \(problem)") }
    count.bytes += UInt64(byteCount)
  }

  /// Erases frames whole.
  mutating func erase(_ frames: Range<PFN>, _ count: inout SecretCount) throws(KernelError) {
    let start = kernel.geometry.address(of: frames.lowerBound).rawValue
    let size = UInt64(frames.count) << kernel.geometry.shift
    guard erased.add(start, count: size, filling: ErasedMemory.letter) else {
      throw .malformed("there are more than \(ErasedMemory.mostRuns) places")
    }
    count.bytes += size
  }

  /// Remembers a key that is erased with what it lies in.
  mutating func remember(_ key: [UInt8]) throws(KernelError) {
    guard keys.add(key) else { throw .malformed("there are more than \(KeyBytes.mostBytes) bytes of keys") }
  }
}
