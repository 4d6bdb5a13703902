public import DumpMemory
internal import Platform

extension UtsName {
  /// For a vmcore whose kernel is not known: readers accept a header without names, but check the machine.
  public static func unknown(_ machine: MachineKind) -> UtsName {
    UtsName(systemName: "", nodeName: "", release: "", version: "", machine: machine.name, domainName: "")
  }

  /// Reads `init_uts_ns.name` of the crashed kernel.
  ///
  /// Where that is not there, or does not name the release that VMCOREINFO names, the release is all.
  public init(of kernel: KernelFacts, _ memory: inout KernelMemory) {
    if let names = Self.read(kernel, &memory), names.release == kernel.release {
      self = names
    } else {
      self.init(
        nodeName: "", release: kernel.release, version: "", machine: kernel.machine.kind.name, domainName: "")
    }
  }

  private static func read(_ kernel: KernelFacts, _ memory: inout KernelMemory) -> UtsName? {
    guard let namespace = kernel.info.symbol("init_uts_ns") else { return nil }
    // Before 5.11 the offset was not exported, and a kref of 4 bytes preceded the name.
    let offset = kernel.info.offset("uts_namespace.name") ?? 4
    // So short that it needs no mapping, which might not be had.
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    var buffer = unsafe span.mutableBytes
    guard (try? memory.read(namespace + offset, into: &buffer)) != nil else { return nil }
    return unsafe UtsName(copying: bytes.span.bytes)
  }
}
