/// A machine's architecture, as far as it must be known to open a file at all.
///
/// What else depends on it is for who reads the kernel.
public enum MachineKind: CaseIterable, Hashable, Sendable {
  case x86_64
  case arm64

  /// `utsname.machine`, as `uname -m` prints it.
  public var name: String {
    switch self {
    case .x86_64: "x86_64"
    case .arm64: "aarch64"
    }
  }

  /// `e_machine` of its ELF cores (elf.h).
  public var elfMachine: UInt16 {
    switch self {
    case .x86_64: 62
    case .arm64: 183
    }
  }

  /// Page sizes that a kernel of it may be built with, the smallest first.
  public var geometries: [PageGeometry] {
    switch self {
    case .x86_64: [PageGeometry(shift: 12)]
    case .arm64: [PageGeometry(shift: 12), PageGeometry(shift: 14), PageGeometry(shift: 16)]
    }
  }

  /// The page size that goes for a file which does not tell its own: what is looked for at the beginnings of pages is then
  /// found whatever they are.
  public var leastGeometry: PageGeometry { geometries[0] }

  /// What kdump-compressed dumps of it call it, and with which blocks.
  ///
  /// Those of x86_64 were the first, and old ones have no name. QEMU 10 writes `Unknown`, and for arm64 always did, in blocks of
  /// the largest page that there is (target/arm/arch_dump.c).
  private func isName(_ name: String, blockSize: UInt64) -> Bool {
    switch self {
    case .x86_64: [self.name, "", "Unknown"].contains(name)
    case .arm64: name == self.name || name == "Unknown" && blockSize == 1 << 16
    }
  }

  /// The first physical address that cannot be: 52 bits on x86_64 (Intel SDM volume 3, 4.1.4) and on arm64 (FEAT_LPA, FEAT_LPA2).
  public var physicalLimit: UInt64 {
    switch self {
    case .x86_64, .arm64: 1 << 52
    }
  }

  /// The machine of an ELF core.
  package init?(elfMachine: UInt16) {
    guard let kind = Self.allCases.first(where: { $0.elfMachine == elfMachine }) else { return nil }
    self = kind
  }

  /// The machine of a kdump-compressed dump.
  ///
  /// - Parameter name: `utsname.machine` of its header.
  init?(named name: String, blockSize: UInt64) {
    guard
      let kind = Self.allCases.first(where: {
        $0.isName(name, blockSize: blockSize) && $0.geometry(pageSize: blockSize) != nil
      })
    else { return nil }
    self = kind
  }

  /// Pages of a size; nil where no kernel of this machine has them.
  public func geometry(pageSize: UInt64) -> PageGeometry? {
    geometries.first { UInt64($0.size) == pageSize }
  }

  /// Pages of a kernel's size (`PAGESIZE`); nil where it does not tell, or tells a size that the machine does not have.
  public func geometry(_ info: VMCOREINFO?) -> PageGeometry? {
    info?.string("PAGESIZE").flatMap { UInt64($0) }.flatMap { geometry(pageSize: $0) }
  }

  /// Those that can be read, for messages.
  static var all: String {
    allCases.map { $0 == .arm64 ? "arm64" : $0.name }.joined(separator: " and ")
  }
}
