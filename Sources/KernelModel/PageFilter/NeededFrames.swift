internal import DumpMemory
internal import Platform

/// The frames of what readers look at before they are asked anything: a dump without one of them cannot be opened, or is
/// shown wrongly.
///
/// The kernel's page tables, mem_section and the mem_map, the log, the processors' own data with what the crash left there,
/// the tasks that ran with their stacks, modules. What the kernel's lists lead to is not looked after: on sound kernels, too,
/// some of it was freed before.
struct NeededFrames: ~Copyable {
  private(set) var frames: PFNBitmap
  // Swift 6.2 lets an initializer call no mutating method where this is a constant.
  private var kernel: Kernel

  /// Per-CPU variables; from Linux 6.2 to 6.14 they are members of `pcpu_hot`, which begins with `current_task`.
  private static let (current, stackTop, hot) = ("current_task", "cpu_current_top_of_stack", "pcpu_hot")
  /// Where `pcpu_hot.top_of_stack` can be: `call_depth` before it depends on the configuration.
  private static let stackTopsInHot = [16, 24]
  /// What to ask ``Kernel`` for.
  static let symbols = OpeningFrames.symbols + [current, stackTop, hot]
  /// PERCPU_MODULE_RESERVE and the least PERCPU_DYNAMIC_RESERVE, which no unit is without; what lies farther behind may have
  /// been freed.
  private static let leastBehind: UInt64 = (8 + 20) << 10

  init(_ kernel: Kernel, map: MemoryMap, in memory: inout KernelMemory) throws(VmcoreError) {
    var tables = try PageTableFrames(kernel)
    tables.add(kernel.tables.root, .kernel)
    frames = tables.takeFrames()
    self.kernel = kernel
    map.insertOwnFrames(into: &frames, of: kernel, in: &memory)
    if let table = try? SectionTable(kernel.facts, in: &memory, probing: kernel.physical.frames) {
      table.insertOwnFrames(into: &frames, of: kernel.physical, &memory)
    }
    if let log = try? KernelLog(kernel, sinceClear: false) {
      for (start, byteCount) in log.stretches {
        memory.insertFrames(at: start.rawValue, byteCount: byteCount, into: &frames, kernel.geometry)
      }
    }
    memory.insertFrames(of: modules, into: &frames, kernel.geometry)
    let opening = OpeningFrames(kernel)
    opening.insertProcessorAreas(withBehind: Self.leastBehind, into: &frames, &memory)
    insertRunningTasks(&memory)
  }

  /// Where modules are: on x86_64 with KASLR behind all places where the image may be, whose mapping has pages that were freed.
  private var modules: Range<UInt64> {
    let all = kernel.machine.modules
    if kernel.machine.kind == .arm64 { return all }
    guard let size = kernel.info.number("KERNEL_IMAGE_SIZE"), let bytes = UInt64(exactly: size),
      bytes < all.upperBound - kernel.machine.kernelMap
    else { return all.upperBound..<all.upperBound }
    return max(all.lowerBound, kernel.machine.kernelMap + bytes)..<all.upperBound
  }

  private mutating func insertRunningTasks(_ memory: inout KernelMemory) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    for offset in ProcessorAreas.offsets(of: kernel, in: &memory) {
      func variable(_ name: String) -> VirtualAddress? {
        symbols.address(of: name).map { VirtualAddress($0.rawValue &+ offset) }
      }
      if let place = variable(Self.current) ?? variable(Self.hot), let task = try? memory.word(place) {
        insert(task, byteCount: 1, in: &memory)
      }
      let tops =
        variable(Self.stackTop).map { [$0] }
        ?? variable(Self.hot).map { hot in Self.stackTopsInHot.map { hot + $0 } } ?? []
      for place in tops {
        // Stacks are aligned to their size, which tells them from the other words there; FRED leaves some bytes at their top.
        let size = kernel.machine.stackSize
        guard let top = try? memory.word(place), top & (size - 1) == 0 || top & (size - 1) > size - 64 else {
          continue
        }
        insert((top &- 1) & ~(size - 1), byteCount: size, in: &memory)
      }
    }
  }

  private mutating func insert(_ address: UInt64, byteCount: UInt64, in memory: inout KernelMemory) {
    guard KernelPointer.isPlausible(address) else { return }
    memory.insertFrames(at: address, byteCount: byteCount, into: &frames, kernel.geometry)
  }

  /// Those that `wanted` has and `kept` lacks.
  func missing(
    in kept: borrowing PFNBitmap, of wanted: borrowing PFNBitmap
  ) -> (count: UInt64, first: PFN?) {
    var missing: (count: UInt64, first: PFN?) = (0, nil)
    var next = frames.next(from: PFN(0))
    while let pfn = next {
      if !kept.contains(pfn), wanted.contains(pfn) {
        missing.count += 1
        missing.first = missing.first ?? pfn
      }
      next = frames.next(from: pfn.advanced(by: 1))
    }
    return missing
  }
}
