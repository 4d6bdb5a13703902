import DumpFixtures
import DumpMemory
import KernelModel

/// A synthetic kernel of which an input changes some words of memory, and some lines of VMCOREINFO; and then another input others.
final class PatchedKernel {
  /// A stretch of memory that an input may write to and point to.
  struct Window {
    let physical: UInt64
    /// Where the kernel has it mapped.
    let virtual: UInt64
    let byteCount: Int
  }

  let memory: PatchedMemory
  /// VMCOREINFO as the kernel has it.
  let info: String
  private(set) var windows: [Window] = []
  let kernel: SyntheticKernel
  private let lines: [(key: String, value: String)]
  private let parsed: VMCOREINFO

  /// - Parameters:
  ///   - kernel: takes no more changes.
  ///   - hasKallsyms: whether there is anything to search for. A search through 64 MiB of nothing takes longer than all else: without
  ///     one, VMCOREINFO says where the tables are, and there are none.
  init(_ kernel: SyntheticKernel, hasKallsyms: Bool = false) {
    if !hasKallsyms {
      for name in ["names", "num_syms", "token_table", "token_index", "offsets"] {
        kernel.setKey("SYMBOL(kallsyms_\(name))", String(kernel.text, radix: 16))
      }
    }
    // A dump without PT_LOADs says by a symbol where its direct map is.
    let variable = kernel.image.lowerBound << 12 + 0x2820
    kernel.memory.store(kernel.pageOffset, at: variable)
    kernel.setKey("SYMBOL(page_offset_base)", String(kernel.text + 0x2820, radix: 16))
    self.kernel = kernel
    info = kernel.vmcoreinfoText
    lines = kernel.vmcoreinfo
    parsed = VMCOREINFO(info)
    memory = PatchedMemory(kernel)
  }

  convenience init(_ generation: KernelGeneration, change: (inout KernelConfiguration) -> Void = { _ in }) {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [0..<64]
    configuration.patternedMemory = false
    change(&configuration)
    self.init(SyntheticKernel(configuration))
  }

  var physical: PhysicalMemory { PhysicalMemory(memory) }

  /// Adds a window into the kernel's image.
  func addWindow(image address: UInt64, byteCount: Int) {
    windows.append(
      Window(
        physical: kernel.image.lowerBound << 12 + (address - kernel.text), virtual: address,
        byteCount: byteCount))
  }

  /// Adds a window into the direct map.
  func addWindow(physical: UInt64, byteCount: Int) {
    windows.append(
      Window(physical: physical, virtual: kernel.pageOffset &+ physical, byteCount: byteCount))
  }

  /// Adds a window for each page that holds `struct page`s of some frames.
  func addStructPages(of frames: Range<UInt64>) {
    guard let first = kernel.structPage(frames.lowerBound) else { return }
    windows.append(
      Window(
        physical: first, virtual: kernel.structPageAddress(frames.lowerBound),
        byteCount: min(frames.count * 64, 4096 - Int(first % 4096))))
  }

  /// Takes an input's changes: see ``KernelPatch``.
  func patched(by bytes: inout InputBytes) -> Kernel? {
    memory.restore()
    var changes: [Int: String] = [:]
    while !bytes.isEmpty { KernelPatch(&bytes).apply(to: memory, windows, lines: lines, &changes) }
    var info = parsed
    if !changes.isEmpty {
      info = VMCOREINFO(
        lines.enumerated().map { "\($1.key)=\(changes[$0] ?? $1.value)\n" }.joined())
    }
    return try? Kernel(info, of: physical)
  }
}
