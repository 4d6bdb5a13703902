/// The files about the crashed kernel that the user named.
public struct KernelFiles: Hashable, Sendable {
  /// `-x`: a vmlinux, or BTF alone.
  public var vmlinux: String?
  /// `--system-map`
  public var systemMap: String?

  public init(vmlinux: String? = nil, systemMap: String? = nil) {
    self.vmlinux = vmlinux
    self.systemMap = systemMap
  }
}
