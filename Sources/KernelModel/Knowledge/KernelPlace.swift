public import DumpMemory
internal import Platform

/// Where a kernel lies in a dump that does not say it, found by what its symbols must show there.
///
/// The symbols are those of its build, or of any boot of it. KASLR moves the image in steps (``Machine/imageStep``), in
/// physical memory and, independently, where it is mapped: `init_uts_ns` is looked for at one address in each step, and
/// the page tables there tell the rest.
public struct KernelPlace: Hashable, Sendable {
  /// `KERNELOFFSET`: how far the symbols are from where the build put them.
  public let slide: UInt64
  /// `phys_base`, in two's complement.
  public let physicalBase: UInt64
  /// 5 with `pgtable_l5_enabled`.
  public let levels: Int
  /// `sme_me_mask`
  public let encryptionMask: UInt64

  /// What is looked for, before KASLR.
  private struct Wanted {
    let names: UInt64
    let top: UInt64
    let text: UInt64
    let release: [UInt8]
    let machine: Machine

    init(_ info: VMCOREINFO) throws(KernelError) {
      guard let release = info.string("OSRELEASE"), let version = KernelVersion(release: release) else {
        throw .absent("it has no OSRELEASE")
      }
      guard let namespace = info.symbol("init_uts_ns"), let text = info.symbol("_stext"),
        let top = info.symbol("init_top_pgt") ?? info.symbol("init_level4_pgt")
      else { throw .absent("it has no SYMBOL(init_uts_ns), (_stext) or (init_top_pgt)") }
      let offset = info.offset("uts_namespace.name") ?? (version >= KernelVersion(5, minor: 11) ? 0 : 4)
      names = namespace.rawValue &+ UInt64(offset)
      self.top = top.rawValue
      self.text = text.rawValue
      self.release = Array(release.utf8.prefix(64))
      machine = .x86_64
    }
  }

  /// Places a kernel and completes what is known of it.
  ///
  /// - Parameter info: VMCOREINFO of the build or of another boot.
  /// - Returns: VMCOREINFO as the crashed kernel would have written it.
  /// - Throws: ``KernelError/absent(_:)`` if it lacks what can be looked for, or if the kernel is not there.
  public static func locate(
    _ info: VMCOREINFO, in memory: PhysicalMemory
  ) throws(KernelError) -> (info: VMCOREINFO, place: KernelPlace) {
    guard memory.machine == .x86_64 else {
      throw .absent(
        "where a kernel lies in a dump without VMCOREINFO is looked for on x86_64 only; -i takes the crashed kernel's own"
      )
    }
    let earlier = info.string("KERNELOFFSET").flatMap { UInt64($0, radix: 16) } ?? 0
    let built = info.moved(by: 0 &- earlier, on: .x86_64)
    let place = try find(built, in: memory)
    var found = "NUMBER(phys_base)=\(Int64(bitPattern: place.physicalBase))\n"
    found += "NUMBER(pgtable_l5_enabled)=\(place.levels == 5 ? 1 : 0)\n"
    found += "NUMBER(sme_mask)=\(place.encryptionMask)\n"
    found += "KERNELOFFSET=" + String(place.slide, radix: 16) + "\n"
    let rest = built.without([
      "NUMBER(phys_base)", "NUMBER(pgtable_l5_enabled)", "NUMBER(sme_mask)", "KERNELOFFSET",
    ])
    return (rest.moved(by: place.slide, on: .x86_64).joined(with: VMCOREINFO(found)), place)
  }

  private static func find(
    _ built: VMCOREINFO, in memory: PhysicalMemory
  ) throws(KernelError) -> KernelPlace {
    let wanted = try Wanted(built)
    var reader = try KernelError.wrapping { () throws(SystemError) in try MemoryReader.scattered(memory) }
    let image = wanted.machine.image(in: memory)
    let step = wanted.machine.imageStep
    let ranges = image.count > 0 ? image.ranges : memory.frames.ranges
    for range in ranges {
      let end = memory.geometry.address(of: range.upperBound).rawValue
      var at = memory.geometry.address(of: range.lowerBound).rawValue
      at += (wanted.names &- at) & (step - 1)
      while at < end {
        if isName(PhysicalAddress(at), release: wanted.release, by: &reader),
          let place = place(wanted, names: at, memory: memory, by: &reader)
        {
          return place
        }
        at += step
      }
    }
    throw .absent("no kernel \(String(decoding: wanted.release, as: UTF8.self)) lies in the dump")
  }

  /// Whether a `struct new_utsname` names this release.
  private static func isName(
    _ address: PhysicalAddress, release: [UInt8], by reader: inout MemoryReader
  ) -> Bool {
    // "Linux", NUL; the release is the third of fields of 65 bytes.
    let system: UInt64 = 0x78_756e_694c
    guard let first = bytes(address, count: 8, by: &reader), first & 0xffff_ffff_ffff == system else {
      return false
    }
    var index = 0
    while index < release.count {
      let count = min(release.count - index, 8)
      var expected: UInt64 = 0
      for place in 0..<count { expected |= UInt64(release[index + place]) << UInt64(8 * place) }
      guard bytes(address + 130 + index, count: count, by: &reader) == expected else { return false }
      index += count
    }
    return bytes(address + 130 + release.count, count: 1, by: &reader) == 0
  }

  /// Up to eight bytes as a little-endian number.
  private static func bytes(
    _ address: PhysicalAddress, count: Int, by reader: inout MemoryReader
  ) -> UInt64? {
    var number: UInt64 = 0
    for index in 0..<count {
      let at = address + index
      guard let word = try? reader.word(PhysicalAddress(at.rawValue & ~7)) else { return nil }
      number |= (word >> (at.rawValue & 7 * 8) & 0xff) << UInt64(8 * index)
    }
    return number
  }

  /// The place that the page tables agree with, if the names lie at a physical address.
  private static func place(
    _ wanted: Wanted, names: UInt64, memory: PhysicalMemory, by reader: inout MemoryReader
  ) -> KernelPlace? {
    let machine = wanted.machine
    let shift = names &- wanted.names
    let root = PhysicalAddress(wanted.top &+ shift)
    let mask = EncryptionMask.infer(from: root, of: memory)
    for levels in [4, 5] {
      let tables = PageTables(root: root, levels: levels, encryptionMask: mask)
      var slide: UInt64 = 0
      while slide < machine.imageLimit, machine.isInImage(wanted.names &+ slide) {
        if maps(tables, address: wanted.names &+ slide, to: names, by: &reader),
          maps(tables, address: wanted.text &+ slide, to: wanted.text &+ shift, by: &reader)
        {
          return KernelPlace(
            slide: slide, physicalBase: shift &- slide &+ machine.kernelMap, levels: levels,
            encryptionMask: mask)
        }
        slide += machine.imageStep
      }
    }
    return nil
  }

  private static func maps(
    _ tables: PageTables, address: UInt64, to physical: UInt64, by reader: inout MemoryReader
  ) -> Bool {
    guard let leaf = try? tables.leaf(VirtualAddress(address), by: &reader) else { return false }
    return leaf.physical.rawValue &+ (address &- leaf.virtual.lowerBound) == physical
  }
}
