public import DumpMemory
internal import Platform

extension UtsName {
  /// For a vmcore whose kernel is not known: readers accept a header without names, but check the machine.
  public static let unknown = UtsName(
    systemName: "", nodeName: "", release: "", version: "", domainName: "")

  /// Reads `init_uts_ns.name` of the crashed kernel.
  ///
  /// Where that is not there, or does not name the release that VMCOREINFO names, the release is all.
  public init(of kernel: KernelFacts, _ memory: inout KernelMemory) {
    if let names = Self.read(kernel, &memory), names.release == kernel.release {
      self = names
    } else {
      self.init(nodeName: "", release: kernel.release, version: "", domainName: "")
    }
  }

  private static func read(_ kernel: KernelFacts, _ memory: inout KernelMemory) -> UtsName? {
    guard let namespace = kernel.info.symbol("init_uts_ns"),
      var buffer = try? MappedBuffer(byteCount: byteCount)
    else { return nil }
    // Before 5.11 the offset was not exported, and a kref of 4 bytes preceded the name.
    let offset = kernel.info.offset("uts_namespace.name") ?? 4
    var bytes = buffer.mutableBytes
    guard (try? memory.read(namespace + offset, into: &bytes)) != nil else { return nil }
    return UtsName(copying: buffer.bytes)
  }
}
