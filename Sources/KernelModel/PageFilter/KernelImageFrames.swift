internal import DumpMemory
internal import Platform

/// The frames of the kernel's image that no page rule may take: all of it, but for what the kernel freed after boot.
///
/// A freed page is one for which two things speak: PG_reserved, which all of the image has from boot on, is clear in
/// its `struct page`; and it lies in what the kernel frees. That is, with arch/x86/mm/init.c and init_64.c of Linux
/// 5.10 to 7.3: the init sections (free_initmem), the addresses of lock prefixes (alternative_instructions frees
/// smp_locks on one processor), what alignment left behind the text and behind the read-only data (mark_rodata_ro),
/// the rest of the decrypted BSS (mem_encrypt_free_decrypted_mem), and the brk area that was not asked for
/// (reserve_brk). All of these go through free_reserved_area or were never reserved, and are then pages like others.
///
/// arm64 frees its init sections and takes them out of the image's mapping (free_initmem), never reserves the head before
/// `_stext`, which is not mapped either, and frees the tables that it began with (`init_pg_dir`; arch/arm64/mm/init.c and mmu.c).
struct KernelImageFrames {
  let frames: PFNRanges
  /// Frames of the image that the kernel freed.
  let freed: UInt64
  /// What was found, or why no freed frame can be told.
  let evidence: String

  /// The first and the last symbol of each stretch that the kernel frees; what follows the last is not freed.
  private static let stretches: [(from: String, to: String)] = [
    ("__init_begin", "__init_end"),
    ("__smp_locks", "__smp_locks_end"),
    ("_etext", "__start_rodata"),
    ("__end_rodata", "_sdata"),
    ("__start_bss_decrypted_unused", "__end_bss_decrypted"),
  ]
  /// The same of arm64.
  private static let stretchesOfARM64 = [("init_pg_dir", "init_pg_end")]
  /// `_brk_end` is a variable: how far the area was used.
  private static let brk = (end: "_brk_end", base: "__brk_base", limit: "__brk_limit")

  static let symbols = stretches.flatMap { [$0.from, $0.to] } + [brk.end, brk.base, brk.limit]

  init(
    _ kernel: Kernel, evidence: PageEvidence, structPages: PageFlagsReader, in memory: inout KernelMemory
  ) {
    let image = kernel.image
    do throws(KernelError) {
      let freed = try Self.freed(
        of: image, kernel: kernel, evidence: evidence, structPages: structPages, in: &memory)
      frames = image.subtracting(freed)
      self.freed = freed.count
      self.evidence = "of \(image.count) frames of the kernel's image it freed \(freed.count) after boot"
    } catch {
      frames = image
      freed = 0
      self.evidence =
        "all frames of the kernel's image are kept, also what the kernel freed of it: \(error)"
    }
  }

  private static func freed(
    of image: PFNRanges, kernel: Kernel, evidence: PageEvidence, structPages: PageFlagsReader,
    in memory: inout KernelMemory
  ) throws(KernelError) -> PFNRanges {
    guard let reserved = evidence.reserved else {
      throw .absent("the number of PG_reserved is not known")
    }
    guard structPages.isTextReserved(kernel.facts, reserved: reserved, in: &memory) else {
      throw .absent("its text is not marked as reserved")
    }
    let stretches =
      Self.stretches(kernel, in: &memory)
      + (kernel.machine.unmapsFreedImage
        ? Self.unmapped(image, kernel: kernel, in: &memory)
          + Self.end(of: image, structPages: structPages, reserved: reserved, in: &memory) : [])
    guard !stretches.isEmpty else { throw .absent("no symbols tell where that is") }
    var freed: [Range<PFN>] = []
    for stretch in stretches {
      var pfn = stretch.lowerBound
      while pfn < stretch.upperBound {
        let next = pfn.advanced(by: 1)
        if image.contains(pfn), let flags = structPages.flags(pfn, in: &memory), flags & reserved == 0 {
          freed.append(pfn..<next)
        }
        pfn = next
      }
    }
    return PFNRanges(freed, maxMapNumber: image.maxMapNumber)
  }

  /// More than the tables that an image begins with need (INIT_DIR_SIZE), and less than any kernel's BSS.
  private static let mostOfEnd = 64

  /// The frames without PG_reserved at the image's end, which is where `init_pg_dir` lies: kernels without CONFIG_KALLSYMS_ALL
  /// have no symbol for it.
  private static func end(
    of image: PFNRanges, structPages: PageFlagsReader, reserved: UInt64, in memory: inout KernelMemory
  ) -> [Range<PFN>] {
    guard let last = image.ranges.last else { return [] }
    var start = last.upperBound
    while start > last.lowerBound, start.distance(to: last.upperBound) < mostOfEnd {
      let before = start.advanced(by: -1)
      guard let flags = structPages.flags(before, in: &memory) else { return [] }
      // Of what is behind the kernel's BSS it is known that it was freed; without a border it may be the BSS.
      if flags & reserved != 0 { return start < last.upperBound ? [start..<last.upperBound] : [] }
      start = before
    }
    return []
  }

  /// Frames of the image that the kernel does not map where its image is.
  private static func unmapped(
    _ image: PFNRanges, kernel: Kernel, in memory: inout KernelMemory
  ) -> [Range<PFN>] {
    var found: [Range<PFN>] = []
    for range in image.ranges {
      for pfn in range {
        let address = kernel.geometry.address(of: pfn)
        let virtual = VirtualAddress(address.rawValue &+ kernel.facts.imageOffset)
        if (try? memory.translate(virtual)) == address { continue }
        if let last = found.last, last.upperBound == pfn {
          found[found.count - 1] = last.lowerBound..<pfn.advanced(by: 1)
        } else {
          found.append(pfn..<pfn.advanced(by: 1))
        }
      }
    }
    return found
  }

  /// Frames that lie as a whole in what the kernel frees.
  private static func stretches(
    _ kernel: Kernel, in memory: inout KernelMemory
  ) -> [Range<PFN>] {
    let others = kernel.machine.kind == .arm64 ? stretchesOfARM64 : []
    let symbols = kernel.symbolsAtHand(Self.symbols + others.flatMap { [$0.0, $0.1] })
    var found: [Range<PFN>] = []
    func add(_ from: UInt64, _ to: UInt64) {
      let page = UInt64(kernel.geometry.size)
      let (end, overflow) = from.addingReportingOverflow(page - 1)
      guard !overflow, let first = kernel.facts.imageFrame(VirtualAddress(end & ~(page - 1))),
        let last = kernel.facts.imageFrame(VirtualAddress(to & ~(page - 1))), first < last
      else { return }
      found.append(first..<last)
    }
    for (from, to) in stretches + others {
      if let from = symbols.address(of: from), let to = symbols.address(of: to) {
        add(from.rawValue, to.rawValue)
      }
    }
    if let base = symbols.address(of: brk.base), let limit = symbols.address(of: brk.limit),
      let variable = symbols.address(of: brk.end), let end = try? memory.word(variable), base < limit,
      (base.rawValue...limit.rawValue).contains(end)
    {
      add(end, limit.rawValue)
    }
    return found
  }
}

extension KernelFacts {
  /// The frame behind an address of the kernel's image; nil for other addresses.
  func imageFrame(_ address: VirtualAddress) -> PFN? {
    guard machine.isInImage(address.rawValue), address.rawValue - machine.kernelMap < machine.imageSize else {
      return nil
    }
    return machine.geometry.pfn(of: physicalAddress(ofImage: address))
  }
}
