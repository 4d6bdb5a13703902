internal import DumpMemory

extension Kernel {
  /// What to ask ``symbols(_:)`` for early, where ``image`` will be wanted.
  static let imageSymbols = ["_end"]

  /// What is freed of an image, with room.
  private static let longestHole: UInt64 = 64 << 20

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
    // x86_64 unmaps what lies behind its last section (cleanup_highmap) and nothing inside; arm64 also what it freed.
    let page = UInt64(geometry.size)
    let size = min(
      max(UInt64(max(info.number("KERNEL_IMAGE_SIZE") ?? 0, 0)), machine.imageSize), machine.imageLimit - page
    )
    let limit = machine.kernelMap + size
    let longestHole = machine.unmapsFreedImage ? Self.longestHole : 0
    var end = text.rawValue & ~(page - 1)
    var at = end
    while at < limit, at - end <= longestHole {
      let address = VirtualAddress(at)
      let isMapped = (try? memory.translate(address)) == facts.physicalAddress(ofImage: address)
      if !isMapped && longestHole == 0 { break }
      at += page
      if isMapped { end = at }
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
