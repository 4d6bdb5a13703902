public import DumpMemory

/// What of a crashed kernel depends on its machine's architecture.
///
/// Each architecture has a folder beside this file, with its values, and how its addresses are translated.
public struct Machine: Sendable {
  public let kind: MachineKind
  public let geometry: PageGeometry
  /// Where the kernel maps its text and data, and modules.
  let code: ClosedRange<UInt64>
  /// The lowest address at which its image may lie.
  public let kernelMap: UInt64
  /// Bytes of that mapping that are the image's if VMCOREINFO has no KERNEL_IMAGE_SIZE.
  let imageSize: UInt64
  /// KASLR moves the image, in physical memory and where it is mapped, by a multiple of this ..
  let imageStep: UInt64
  /// .. and by less than this.
  let imageLimit: UInt64
  /// Whether what the kernel freed of its image is no longer mapped there.
  let unmapsFreedImage: Bool
  /// Where modules are.
  let modules: Range<UInt64>
  /// The first address of the kernel's half.
  let kernelHalf: UInt64
  /// Where the kernel maps physical address 0 if KASLR did not move it, or wherever that is.
  let usualDirectMaps: [UInt64]
  /// KASLR moves that mapping by a multiple of this.
  let directMapStep: UInt64
  /// Bytes of a task's stack (THREAD_SIZE).
  let stackSize: UInt64
  /// The greatest compound page, as a power of two of pages.
  let greatestCompoundOrder: UInt64
  /// SECTION_SIZE_BITS and MAX_PHYSMEM_BITS of kernels that do not export them (before Linux 5.9).
  let usualSectionBits: Int64
  let usualAddressBits: Int64
  /// Whether the first half of a process's top page table is its own and the other the kernel's; else all of it is its own.
  let sharesTopTable: Bool

  /// Whether an address is one of the kernel's image or of a module; else it is data elsewhere, or a number.
  public func isInImage(_ address: UInt64) -> Bool { code.contains(address) }

  /// Whether physical address 0 can be mapped there.
  func canBeDirectMap(_ base: UInt64) -> Bool { base >= kernelHalf && base % directMapStep == 0 }

  /// Frames of the segments that map the kernel's text and data.
  func image(in memory: PhysicalMemory) -> PFNRanges {
    memory.frames(ofSegments: { isInImage($0.virtualAddress.rawValue) })
  }
}

extension Machine {
  /// The machine of a kernel.
  ///
  /// - Throws: ``KernelError`` where VMCOREINFO does not tell it.
  init(_ kind: MachineKind, _ info: VMCOREINFO) throws(KernelError) {
    switch kind {
    case .x86_64: self = .x86_64
    case .arm64: self = try .arm64(info)
    }
  }
}

extension VMCOREINFO {
  /// The machine of the kernel that wrote it, with its map of addresses; nil where the text does not tell it.
  var machine: Machine? { try? Machine(machineKind, self) }
}
