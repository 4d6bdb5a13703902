internal import CElfutils
internal import Platform

/// The debug information (DWARF) of a file, read by elfutils' libdw and closed when its owner goes.
///
/// The file is mapped, so that only what is looked at is ever read. Compressed sections are undone in memory,
/// all of them when the file is opened: for a distribution's kernel that is 300 MB.
@safe
struct DebugFile: ~Copyable {
  private let file: FileDescriptor
  private let elf: OpaquePointer
  private let dwarf: OpaquePointer

  init(opening path: String) throws(DebugInformationError) {
    let file: FileDescriptor
    do throws(SystemError) { file = try FileDescriptor.open(reading: path) } catch { throw .system(error) }
    elf_version(UInt32(EV_CURRENT))
    guard let elf = unsafe elf_begin(file.descriptor, ELF_C_READ_MMAP, nil) else {
      throw .malformed("libelf cannot read it: \(unsafe Self.text(elf_errmsg(-1)))")
    }
    guard let dwarf = unsafe dwarf_begin_elf(elf, DWARF_C_READ, nil) else {
      let reason = unsafe Self.text(dwarf_errmsg(-1))
      unsafe elf_end(elf)
      throw .malformed("libdw cannot read it: \(reason)")
    }
    self.file = file
    unsafe self.elf = elf
    unsafe self.dwarf = dwarf
  }

  deinit {
    unsafe dwarf_end(dwarf)
    unsafe elf_end(elf)
  }

  /// Where in `.debug_info` a unit begins that follows another.
  struct Unit {
    /// Of the unit's own entry.
    let entry: UInt64
    /// Where the next unit begins.
    let next: UInt64
  }

  /// The unit that begins at an offset; nil behind the last.
  func unit(at offset: UInt64) throws(DebugInformationError) -> Unit? {
    var next: Dwarf_Off = 0
    var headerSize = 0
    switch unsafe dwarf_next_unit(dwarf, offset, &next, &headerSize, nil, nil, nil, nil, nil, nil) {
    case 0: return Unit(entry: offset &+ UInt64(headerSize), next: next)
    case 1: return nil
    default: throw .malformed("libdw: \(unsafe Self.text(dwarf_errmsg(-1)))")
    }
  }

  /// The entry at an offset in `.debug_info`.
  @_lifetime(borrow self)
  func entry(at offset: UInt64) -> DebugEntry? {
    var die = unsafe Dwarf_Die()
    guard unsafe dwarf_offdie(dwarf, offset, &die) != nil else { return nil }
    return unsafe _overrideLifetime(DebugEntry(die), borrowing: self)
  }

  private static func text(_ message: UnsafePointer<CChar>?) -> String {
    guard let message = unsafe message else { return "no reason is given" }
    return unsafe String(cString: message)
  }
}
