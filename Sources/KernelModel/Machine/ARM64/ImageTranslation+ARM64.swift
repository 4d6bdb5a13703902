internal import DumpMemory

extension ImageTranslation {
  init(arm64 info: VMCOREINFO, _ machine: Machine) throws(KernelError) {
    guard let top = info.symbol("swapper_pg_dir"), let offset = info.number("kimage_voffset") else {
      throw .absent("VMCOREINFO has no SYMBOL(swapper_pg_dir) or NUMBER(kimage_voffset)")
    }
    let addresses = try ARM64Addresses(info, machine.geometry)
    let version = info.string("OSRELEASE").flatMap { KernelVersion(release: $0) }
    let imageOffset = UInt64(bitPattern: offset)
    let root = top.rawValue &- imageOffset
    guard root < machine.kind.physicalLimit else {
      throw .malformed(
        "by NUMBER(kimage_voffset) swapper_pg_dir lies at \(PhysicalAddress(root)), where no memory is")
    }
    let descriptors = ARM64Descriptors(
      pageShift: machine.geometry.shift,
      // FEAT_LPA2 is what more than 48 bits are had with, but with pages of 64 KiB.
      hasLPA2: machine.geometry.shift < 16 && addresses.translatedBits > 48,
      presentInvalid: version.map { $0 >= KernelVersion(6, minor: 10) } ?? true ? .notGlobal : .highBits)
    self.init(
      physicalBase: addresses.physicalOffset, imageOffset: imageOffset,
      tables: PageTables(
        root: PhysicalAddress(root),
        format: .arm64(descriptors, addressBits: addresses.translatedBits)))
  }
}
