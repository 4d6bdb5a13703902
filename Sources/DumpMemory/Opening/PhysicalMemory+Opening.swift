extension PhysicalMemory {
  /// Opens any dump that can be read: an ELF core or a kdump-compressed dump, as it is or flattened.
  ///
  /// - Parameter prefersMapping: false is `--non-mmap`.
  public convenience init(opening path: String, prefersMapping: Bool) throws(VmcoreError) {
    let file = try InputFile(opening: path)
    if try KdumpHeaders.recognises(file) {
      self.init(try KdumpStore(KdumpFile(file)))
    } else {
      try self.init(ELFCore(file), prefersMapping: prefersMapping)
    }
  }
}
