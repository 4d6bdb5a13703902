#if DWARF
  internal import DebugInformation
#endif

extension VmlinuxFile {
  /// Whether this build reads DWARF (the package's trait of that name).
  public static var readsDebugInformation: Bool {
    #if DWARF
      true
    #else
      false
    #endif
  }

  /// What of the wanted types the file's DWARF has.
  func debugTypes(_ wanted: WantedTypes) throws(KernelError) -> BTF {
    #if DWARF
      var request = DebugTypes.Wanted()
      request.structures = wanted.structures
      request.typedefs = wanted.typedefs
      request.enumerators = wanted.enumerators
      request.followed = wanted.followed
      for (name, address) in wanted.variables { request.variables[address] = name }
      let bytes: [UInt8]
      do throws(DebugInformationError) { bytes = try DebugTypes.read(request, from: path) } catch {
        switch error {
        case .malformed(let what): throw .malformed(what)
        case .system(let error): throw .system(error)
        }
      }
      return try BTF(bytes)
    #else
      throw .absent("its types are in DWARF, which this build does not read: build it without SMALL=1")
    #endif
  }
}
