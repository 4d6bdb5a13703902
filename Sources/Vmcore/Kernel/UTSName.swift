internal import Platform

/// `struct new_utsname`: six strings of 65 bytes with which a system names itself.
public struct UTSName: Sendable {
  public var sysname: String
  public var nodename: String
  public var release: String
  public var version: String
  public var machine: String
  public var domainname: String

  static let fieldByteCount = 65

  /// For a vmcore whose kernel is not known: readers accept a header without names, but check the machine.
  public static let unknown = UTSName(
    sysname: "", nodename: "", release: "", version: "", machine: "x86_64", domainname: "")

  /// Reads `init_uts_ns.name` of the crashed kernel; nil if it is not there or is not a name.
  public init?(_ kernel: CrashedKernel, _ memory: inout KernelMemory) {
    guard let namespace = kernel.info.symbol("init_uts_ns"),
      var buffer = try? PageBuffer(byteCount: 6 * Self.fieldByteCount)
    else { return nil }
    // Before 5.11 the offset was not exported, and a kref of 4 bytes preceded the name.
    let offset = kernel.info.offset("uts_namespace.name") ?? 4
    var bytes = buffer.mutableBytes
    guard (try? memory.read(namespace + offset, into: &bytes)) != nil else { return nil }
    let fields = (0..<6).map { index in
      buffer.bytes.text(in: index * Self.fieldByteCount..<(index + 1) * Self.fieldByteCount)
    }
    guard fields[2] == kernel.release else { return nil }
    self.init(
      sysname: fields[0], nodename: fields[1], release: fields[2], version: fields[3],
      machine: fields[4], domainname: fields[5])
  }

  /// What VMCOREINFO alone says.
  public init(releaseOnly release: String) {
    self = .unknown
    sysname = "Linux"
    self.release = release
  }

  private init(
    sysname: String, nodename: String, release: String, version: String, machine: String,
    domainname: String
  ) {
    self.sysname = sysname
    self.nodename = nodename
    self.release = release
    self.version = version
    self.machine = machine
    self.domainname = domainname
  }
}
