extension SyntheticKernel {
  /// The vmcore as /proc/vmcore shows it: the notes, the kernel's image, then the direct map's ranges.
  public func elf() -> ELFBuilder {
    var builder = ELFBuilder()
    builder.notes = (0..<configuration.cpus).map(ELFNote.prstatus) + [.vmcoreinfo(vmcoreinfoText)]
    builder.segments = [imageSegment] + ranges.map { segment($0) }
    return builder
  }

  /// The finished file.
  public func vmcore() -> ELFImage {
    elf().build()
  }

  /// The PT_LOAD of the kernel's image, whose memory a range of the direct map covers too.
  public var imageSegment: ELFSegment {
    let paddr = image.lowerBound << 12
    return ELFSegment(vaddr: text, paddr: paddr, data: memory.bytes(at: paddr, count: image.count << 12))
  }

  /// The PT_LOAD of a range of whole pages in the direct map.
  public func segment(_ range: Range<UInt64>) -> ELFSegment {
    segment(bytes: range.lowerBound << 12..<range.upperBound << 12)
  }

  /// The PT_LOAD of a range of physical addresses, which may begin and end inside of pages.
  public func segment(bytes range: Range<UInt64>) -> ELFSegment {
    ELFSegment(
      vaddr: pageOffset &+ range.lowerBound, paddr: range.lowerBound,
      data: memory.bytes(at: range.lowerBound, count: range.count))
  }

  /// Where in the file that ``vmcore()`` builds a physical address of the direct map lies.
  public func fileOffset(_ paddr: UInt64, in image: ELFImage) -> Int? {
    for (range, offset) in zip(ranges, image.segments.dropFirst()) where range.contains(paddr >> 12) {
      return offset + Int(paddr - range.lowerBound << 12)
    }
    return nil
  }
}
