extension PhysicalMemory {
  /// Opens any dump that can be read: an ELF core or a kdump-compressed dump, as it is or flattened.
  ///
  /// - Parameters:
  ///   - prefersMapping: false is `--non-mmap`.
  ///   - geometry: pages of the kernel's size, where its VMCOREINFO is not in the dump's notes.
  public convenience init(
    opening path: String, prefersMapping: Bool, geometry: PageGeometry? = nil
  ) throws(VmcoreError) {
    let file = try InputFile(opening: path)
    if try KdumpHeaders.recognises(file) {
      let store = try KdumpStore(KdumpFile(file))
      let kernels = geometry ?? store.machine.geometry(store.notes.vmcoreinfo) ?? store.geometry
      if kernels.shift < store.geometry.shift {
        self.init(DividedStore(store, kernels))
      } else {
        self.init(store)
      }
    } else {
      let core: ELFCore
      do throws(VmcoreError) { core = try ELFCore(file, geometry: geometry) } catch {
        throw LostHeader.recognises(file) ? .foreign(path: path, LostHeader.hint) : error
      }
      try self.init(core, prefersMapping: prefersMapping)
    }
  }
}
