public import DumpMemory

/// The kernel that crashed: its release, where it lies, and how its addresses are translated.
public struct KernelFacts: Sendable {
  public private(set) var info: VMCOREINFO
  /// OSRELEASE
  public let release: String
  public let version: KernelVersion
  /// What KASLR moved the kernel by in physical memory (`phys_base`), in two's complement.
  public let physicalBase: UInt64
  public private(set) var tables: PageTables

  /// Why a kernel could not be understood, in words that follow the vmcore's path.
  public struct Unknown: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// Finds what translation needs, from VMCOREINFO and, for kernels before 4.10, the kernel's PT_LOAD.
  public init(_ info: VMCOREINFO, loads: [ProgramHeader]) throws(Unknown) {
    try self.init(info, physicalBase: Self.physicalBase(loads))
  }

  /// Finds what translation needs, from VMCOREINFO and, for kernels before 4.10, what the dump says besides.
  public init(_ info: VMCOREINFO, of memory: PhysicalMemory) throws(Unknown) {
    try self.init(info, physicalBase: memory.origin?.physicalBase ?? Self.physicalBase(memory.loads))
    if info.number("sme_mask") == nil {
      let mask = EncryptionMask.infer(from: tables.root, of: memory)
      tables = PageTables(root: tables.root, levels: tables.levels, encryptionMask: mask)
    }
  }

  private init(_ info: VMCOREINFO, physicalBase: UInt64?) throws(Unknown) {
    guard let release = info.string("OSRELEASE"), let version = KernelVersion(release: release) else {
      throw Unknown("VMCOREINFO has no OSRELEASE that can be read")
    }
    if let pageSize = info.string("PAGESIZE"), pageSize != "4096" {
      throw Unknown("PAGESIZE is \(pageSize); x86_64 has 4096")
    }
    // Renamed in 4.13.
    guard let top = info.symbol("init_top_pgt") ?? info.symbol("init_level4_pgt") else {
      throw Unknown("VMCOREINFO has neither SYMBOL(init_top_pgt) nor SYMBOL(init_level4_pgt)")
    }
    guard let physicalBase = info.number("phys_base").map({ UInt64(bitPattern: $0) }) ?? physicalBase else {
      throw Unknown("VMCOREINFO has no NUMBER(phys_base), and no PT_LOAD maps the kernel")
    }
    self.info = info
    self.release = release
    self.version = version
    self.physicalBase = physicalBase
    tables = PageTables(
      root: Self.physicalAddress(ofImage: top, physicalBase),
      levels: (info.number("pgtable_l5_enabled") ?? 0) != 0 ? 5 : 4,
      encryptionMask: UInt64(bitPattern: info.number("sme_mask") ?? 0))
  }

  /// The same kernel, with lines that its VMCOREINFO lacks.
  func adding(_ lines: [String]) -> KernelFacts {
    if lines.isEmpty { return self }
    var kernel = self
    kernel.info = VMCOREINFO(info.text + "\n" + lines.joined(separator: "\n") + "\n")
    return kernel
  }

  /// The kernel's memory by virtual address.
  public func memory(of physical: PhysicalMemory) throws(VmcoreError) -> KernelMemory {
    try KernelMemory(physical, tables)
  }

  /// Whether the PT_LOADs for a kernel's image speak of this one. QEMU makes them from the page tables that the
  /// processors use (paging=true), and those may already be the capture kernel's.
  func isOwnImage(_ image: PFNRanges, _ geometry: PageGeometry) -> Bool {
    guard let text = info.symbol("_stext"), text.rawValue >= MemorySegments.kernelMap else { return true }
    return image.contains(geometry.pfn(of: physicalAddress(ofImage: text)))
  }

  /// Where a byte of the kernel's image lies; the kernel maps its image in one piece.
  func physicalAddress(ofImage address: VirtualAddress) -> PhysicalAddress {
    Self.physicalAddress(ofImage: address, physicalBase)
  }

  private static func physicalAddress(
    ofImage address: VirtualAddress, _ physicalBase: UInt64
  ) -> PhysicalAddress {
    PhysicalAddress(address.rawValue &- MemorySegments.kernelMap &+ physicalBase)
  }

  /// Whether a hypervisor dumped the machine while its processors ran another kernel than this one: the capture kernel.
  public func wasReplaced(in physical: PhysicalMemory) -> Bool {
    physical.notes.hasHypervisorState && physical.kernelImage.count > 0
      && !isOwnImage(physical.kernelImage, physical.geometry)
  }

  private static func physicalBase(_ loads: [ProgramHeader]) -> UInt64? {
    for load in loads
    where load.virtualAddress.rawValue >= MemorySegments.kernelMap && !load.hasNoPhysicalAddress {
      return load.physicalAddress.rawValue &- (load.virtualAddress.rawValue &- MemorySegments.kernelMap)
    }
    return nil
  }
}
