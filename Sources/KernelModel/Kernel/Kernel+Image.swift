internal import DumpMemory

extension Kernel {
  /// What to ask ``symbols(_:)`` for early, where ``image`` will be wanted.
  static let imageSymbols = ["_end"]

  /// Frames of the kernel's own text and data: those of its PT_LOAD, or, in a dump that has none of it, what is
  /// mapped around `_stext` in one piece, up to `_end` if kallsyms has it.
  func findImage() -> PFNRanges {
    let declared = machine.image(in: physical)
    if declared.count > 0, facts.isOwnImage(declared, geometry: geometry) { return declared }
    let all = physical.frames.maxMapNumber
    let none = PFNRanges([], maxMapNumber: all)
    guard let text = info.symbol("_stext"), machine.isInImage(text.rawValue),
      var memory = try? memory()
    else { return none }
    // The kernel unmaps what lies behind its last section (cleanup_highmap) and nothing inside.
    let page = UInt64(geometry.size)
    let size = min(
      max(UInt64(max(info.number("KERNEL_IMAGE_SIZE") ?? 0, 0)), machine.imageSize), machine.imageLimit - page
    )
    let limit = machine.kernelMap + size
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
