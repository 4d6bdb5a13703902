public import Platform

/// Why a piece of the crashed machine's memory could not be read.
public enum MemoryError: Error, CustomStringConvertible {
  /// The machine has no memory there: no PT_LOAD speaks of it, or the first bitmap has no such frame.
  case hole(PhysicalAddress)
  /// It has, but the dump holds no bytes for it: p_filesz < p_memsz, a page that was left out, or a file that
  /// was cut.
  case notInFile(PhysicalAddress)
  case unreadable(PhysicalAddress, SystemError)
  /// The dump has bytes for the page, but they are no page; `reason` says what is wrong with them.
  case damaged(PhysicalAddress, reason: String)
  /// A page table has no present entry for the address; `level` is 1 for the last table.
  case unmapped(VirtualAddress, level: Int)

  /// Whether the file does not have the memory, other than that it could not be read.
  public var isAbsence: Bool {
    switch self {
    case .hole, .notInFile: true
    case .unreadable, .damaged, .unmapped: false
    }
  }

  public var description: String {
    switch self {
    case .hole(let address): "\(address) is no memory of the machine"
    case .notInFile(let address): "\(address) is not in the file"
    case .unreadable(let address, let error): "\(address): \(error)"
    case .damaged(let address, let reason): "\(address) is damaged: \(reason)"
    case .unmapped(let address, let level): "\(address) is not mapped (page table level \(level))"
    }
  }
}
