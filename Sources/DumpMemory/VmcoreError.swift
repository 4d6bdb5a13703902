public import Platform

/// Why a vmcore, or a piece of the crashed machine's memory in it, could not be read: each case with the place and the
/// cause.
public enum VmcoreError: Error, Equatable, CustomStringConvertible {
  case system(SystemError)

  // MARK: Of the file

  /// It is something else: what it looks like, in words that follow the path.
  case foreign(path: String, String)
  /// It says it is a core and then contradicts itself; `at` is where.
  case malformed(path: String, at: FileOffset, String)

  // MARK: Of a piece of memory

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
    case .system, .foreign, .malformed, .unreadable, .damaged, .unmapped: false
    }
  }

  /// Runs a body whose only failures are system calls.
  public static func wrapping<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(VmcoreError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  public var description: String {
    switch self {
    case .system(let error): error.description
    case .foreign(let path, let what): "\(path): \(what)"
    case .malformed(let path, let offset, let what):
      "\(path): damaged at offset 0x\(String(offset.rawValue, radix: 16)): \(what)"
    case .hole(let address): "\(address) is no memory of the machine"
    case .notInFile(let address): "\(address) is not in the file"
    case .unreadable(let address, let error): "\(address): \(error)"
    case .damaged(let address, let reason): "\(address) is damaged: \(reason)"
    case .unmapped(let address, let level): "\(address) is not mapped (page table level \(level))"
    }
  }
}
