internal import KernelModel

/// Which vmcore is to be read, and what the user said of it and of the kernel in it.
struct MemoryRequest: Equatable {
  /// The vmcore, usually `/proc/vmcore`.
  var path = ""
  /// Whether it may be mapped, or is to be read.
  var isMapped = true
  /// `-i`: a VMCOREINFO as text.
  var infoFile: String?
  /// `-x` and `--system-map`
  var kernelFiles = KernelFiles()
  var encryption = SMEOptions()
  /// `--vtop`: a virtual address; 0 for none.
  var translated: UInt64 = 0
  /// `--config`: what to erase.
  var erasureFile: String?

  /// Every file that is read.
  var files: [String] {
    [path]
      + [
        kernelFiles.vmlinux, kernelFiles.systemMap, encryption.keyFile, encryption.tweaksFile, infoFile,
        erasureFile,
      ].compactMap { $0 }
  }
}
