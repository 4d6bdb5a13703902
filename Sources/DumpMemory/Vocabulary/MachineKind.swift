/// A machine's architecture, as far as it must be known to open a file at all.
///
/// What else depends on it is for who reads the kernel.
public enum MachineKind: CaseIterable, Hashable, Sendable {
  case x86_64

  /// `utsname.machine`, as `uname -m` prints it.
  public var name: String {
    switch self {
    case .x86_64: "x86_64"
    }
  }

  /// `e_machine` of its ELF cores (elf.h).
  public var elfMachine: UInt16 {
    switch self {
    case .x86_64: 62
    }
  }

  /// What kdump-compressed dumps of it call it.
  ///
  /// Those of x86_64 were the first, and old ones have no name; QEMU 10 writes `Unknown`.
  var namesInDumps: Set<String> {
    switch self {
    case .x86_64: [name, "", "Unknown"]
    }
  }

  public var geometry: PageGeometry {
    switch self {
    case .x86_64: PageGeometry(shift: 12)
    }
  }

  /// The first physical address that cannot be: 52 bits on x86_64 (Intel SDM volume 3, 4.1.4).
  public var physicalLimit: UInt64 {
    switch self {
    case .x86_64: 1 << 52
    }
  }

  /// The machine of an ELF core.
  init?(elfMachine: UInt16) {
    guard let kind = Self.allCases.first(where: { $0.elfMachine == elfMachine }) else { return nil }
    self = kind
  }

  /// The machine of a kdump-compressed dump.
  ///
  /// - Parameter name: `utsname.machine` of its header.
  init?(named name: String, blockSize: UInt64) {
    guard
      let kind = Self.allCases.first(where: {
        $0.namesInDumps.contains(name) && UInt64($0.geometry.size) == blockSize
      })
    else { return nil }
    self = kind
  }

  /// Those that can be read, for messages.
  static var all: String { allCases.map(\.name).joined(separator: " and ") }
}
