extension KernelSymbols {
  /// Reads some enumerations of the kernel.
  ///
  /// - Returns: those that the kernel has; none where its BTF cannot be found, by ``KernelTypes/symbols``, or read.
  public func enumerations(
    named names: [String], _ memory: inout KernelMemory
  ) -> [String: BTF.Enumerators] {
    (try? findEnumerations(named: names, &memory)) ?? [:]
  }

  /// The same for whom it matters why there are none.
  ///
  /// - Throws: ``KernelError`` if its BTF cannot be read.
  func findEnumerations(
    named names: [String], _ memory: inout KernelMemory
  ) throws(KernelError) -> [String: BTF.Enumerators] {
    guard let start = address(of: "__start_BTF"), let stop = address(of: "__stop_BTF") else { return [:] }
    return try BTF.enumerations(named: names, from: start, to: stop, &memory)
  }
}
