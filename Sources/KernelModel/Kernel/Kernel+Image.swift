internal import DumpMemory

extension Kernel {
  /// What to ask ``symbols(_:)`` for early, where ``image`` will be wanted.
  static let imageSymbols = ["_end"]

  /// Frames of the kernel's own text and data: those of its PT_LOAD, or, in a dump that has none of it, what is
  /// mapped around `_stext` in one piece, up to `_end` if kallsyms has it.
  func findImage() -> PFNRanges {
    let declared = physical.kernelImage
    if declared.count > 0, facts.isOwnImage(declared, geometry) { return declared }
    let all = physical.frames.maxMapNumber
    let none = PFNRanges([], maxMapNumber: all)
    guard let text = info.symbol("_stext"), text.rawValue >= MemorySegments.kernelMap,
      var memory = try? memory()
    else { return none }
    // The kernel unmaps what lies behind its last section (cleanup_highmap) and nothing inside.
    let page = UInt64(geometry.size)
    let size = UInt64(min(max(info.number("KERNEL_IMAGE_SIZE") ?? 0, 1 << 30), 2 << 30 - 4096))
    let limit = MemorySegments.kernelMap + size
    var end = text.rawValue & ~(page - 1)
    while end < limit, let found = try? memory.translate(VirtualAddress(end)),
      found == facts.physicalAddress(ofImage: VirtualAddress(end))
    {
      end += page
    }
    // The last 2 MiB are mapped whole, and what is behind the kernel in them is ordinary memory.
    if let last = symbolsAtHand(Self.imageSymbols).address(of: "_end") {
      end = min(end, max(last.rawValue, text.rawValue))
    }
    let start = facts.physicalAddress(ofImage: text).rawValue
    let stop = facts.physicalAddress(ofImage: VirtualAddress(end)).rawValue
    guard stop > start else { return none }
    return PFNRanges([geometry.frames(from: start, to: stop)], maxMapNumber: all)
  }
}
