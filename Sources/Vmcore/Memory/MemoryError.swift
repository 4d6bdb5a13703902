public import Platform

/// Why a piece of the crashed machine's memory could not be read.
public enum MemoryError: Error, CustomStringConvertible {
  /// No PT_LOAD speaks of the address.
  case hole(PhysicalAddress)
  /// A PT_LOAD does, but the file holds no bytes for it: p_filesz < p_memsz, or the file was cut.
  case notInFile(PhysicalAddress)
  case unreadable(PhysicalAddress, SystemError)
  /// A page table has no present entry for the address; `level` is 1 for the last table.
  case unmapped(VirtualAddress, level: Int)

  public var description: String {
    switch self {
    case .hole(let address): "\(address) is in no PT_LOAD"
    case .notInFile(let address): "\(address) is not in the file"
    case .unreadable(let address, let error): "\(address): \(error)"
    case .unmapped(let address, let level): "\(address) is not mapped (page table level \(level))"
    }
  }
}
