public import DumpMemory

/// The kernel that crashed: its release, where it lies, and how its addresses are translated.
public struct KernelFacts: Sendable {
  public private(set) var info: VMCOREINFO
  public let machine: Machine
  /// OSRELEASE
  public let release: String
  public let version: KernelVersion
  /// What a dump's header says of where the kernel or memory begins, in two's complement: by what KASLR moved the kernel in
  /// physical memory (`phys_base`) on x86_64, PHYS_OFFSET on arm64.
  public let physicalBase: UInt64
  /// What an address in the image is off from its physical one, in two's complement.
  public let imageOffset: UInt64
  public private(set) var tables: PageTables

  /// Finds what translation needs, from VMCOREINFO and, for kernels before 4.10, the kernel's PT_LOAD.
  public init(_ info: VMCOREINFO, loads: [ProgramHeader]) throws(KernelError) {
    try self.init(info, of: info.machineKind, physicalBase: ImageTranslation.physicalBase(loads))
  }

  /// Finds what translation needs, from VMCOREINFO and, for kernels before 4.10, what the dump says besides.
  public init(_ info: VMCOREINFO, of memory: PhysicalMemory) throws(KernelError) {
    try self.init(
      info, of: memory.machine,
      physicalBase: memory.origin?.physicalBase ?? ImageTranslation.physicalBase(memory.loads))
    if machine.kind == .x86_64, info.number("sme_mask") == nil {
      let mask = EncryptionMask.infer(from: tables.root, of: memory)
      tables = PageTables(root: tables.root, levels: tables.levels, encryptionMask: mask)
    }
  }

  private init(_ info: VMCOREINFO, of kind: MachineKind, physicalBase: UInt64?) throws(KernelError) {
    guard let release = info.string("OSRELEASE"), let version = KernelVersion(release: release) else {
      throw .absent("VMCOREINFO has no OSRELEASE that can be read")
    }
    let machine = try Machine(kind, info)
    let translation = try ImageTranslation(machine, info, physicalBase: physicalBase)
    self.info = info
    self.machine = machine
    self.release = release
    self.version = version
    self.physicalBase = translation.physicalBase
    imageOffset = translation.imageOffset
    tables = translation.tables
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
    try KernelMemory(physical, tables: tables)
  }

  /// Whether the PT_LOADs for a kernel's image speak of this one. QEMU makes them from the page tables that the
  /// processors use (paging=true), and those may already be the capture kernel's.
  func isOwnImage(_ image: PFNRanges, geometry: PageGeometry) -> Bool {
    guard let text = info.symbol("_stext"), machine.isInImage(text.rawValue) else { return true }
    return image.contains(geometry.pfn(of: physicalAddress(ofImage: text)))
  }

  /// Where a byte of the kernel's image lies; the kernel maps its image in one piece.
  func physicalAddress(ofImage address: VirtualAddress) -> PhysicalAddress {
    PhysicalAddress(address.rawValue &- imageOffset)
  }

  /// Whether a hypervisor dumped the machine while its processors ran another kernel than this one: the capture kernel.
  public func wasReplaced(in physical: PhysicalMemory) -> Bool {
    guard physical.notes.hasHypervisorState else { return false }
    let image = machine.image(in: physical)
    return image.count > 0 && !isOwnImage(image, geometry: physical.geometry)
  }
}
