public import DumpMemory

/// What of a crashed kernel depends on its machine's architecture.
///
/// Each architecture has a folder beside this file, with its values and its page tables.
public struct Machine: Sendable {
  public let kind: MachineKind
  /// Where the kernel maps its text and data, and modules behind them.
  public let kernelMap: UInt64
  /// Bytes of that mapping that are the image's if VMCOREINFO has no KERNEL_IMAGE_SIZE; what lies above is modules.
  let imageSize: UInt64
  /// KASLR moves the image, in physical memory and where it is mapped, by a multiple of this ..
  let imageStep: UInt64
  /// .. and by less than this.
  let imageLimit: UInt64
  /// Where modules are.
  let modules: Range<UInt64>
  /// The first address of the kernel's half.
  let kernelHalf: UInt64
  /// Where the kernel maps physical address 0 if KASLR did not move it.
  let usualDirectMaps: [UInt64]
  /// KASLR moves that mapping by a multiple of this.
  let directMapStep: UInt64
  /// Bytes of a task's stack (THREAD_SIZE).
  let stackSize: UInt64
  /// The greatest compound page, as a power of two of pages.
  let greatestCompoundOrder: UInt64
  /// Entries of a page table.
  let entriesPerTable: Int
  /// Of those of the top table the first ones, which are a process's own.
  let entriesOfProcess: Int

  /// Whether an address is one of the kernel's image or of a module; else it is data elsewhere, or a number.
  public func isInImage(_ address: UInt64) -> Bool { address >= kernelMap }

  /// Whether physical address 0 can be mapped there.
  func canBeDirectMap(_ base: UInt64) -> Bool { base >= kernelHalf && base % directMapStep == 0 }

  /// Frames of the segments that map the kernel's text and data.
  func image(in memory: PhysicalMemory) -> PFNRanges {
    memory.frames(ofSegments: { isInImage($0.virtualAddress.rawValue) })
  }
}

extension VMCOREINFO {
  /// The machine of the kernel that wrote it.
  public var machine: Machine { .x86_64 }
}
