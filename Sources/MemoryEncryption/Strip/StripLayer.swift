public import DumpMemory
public import KernelModel

/// The page tables of a dump without the encryption bit, for readers that know nothing of it.
///
/// Only frames that a walk found to be page tables change, and of them only entries that are present: in the others
/// the kernel keeps the inverted number of the frame, with the bit, for pages that nobody may touch (PROT_NONE), and
/// offsets in the swap. It lies above whatever repairs memory.
public final class StripLayer: PageLayer, @unchecked Sendable {
  /// Processes whose tables were found.
  public let processes: Int
  /// Tables that the dump does not hold, pages that were no tables, and why processes are missing.
  public let gaps: [String]
  /// The bit that goes.
  public let mask: UInt64
  private let tables: PFNBitmap

  /// Finds the page tables of the kernel and of all processes.
  ///
  /// - Parameter kernel: in memory as it saw it: with what repairs it.
  /// - Throws: ``KernelError`` if a file that the user named cannot be used, or there is no memory. Processes that
  ///   cannot be found are ``gaps``.
  public init(_ kernel: Kernel) throws(KernelError) {
    var found = try KernelError.reading("page tables") { () throws(VmcoreError) in try PageTableFrames(kernel)
    }
    var kernelMemory = try kernel.reader()
    found.add(kernel.tables.root, .kernel)
    try kernel.symbols(ProcessTables.symbols)
    var gaps: [String] = []
    var processes = 0
    do throws(KernelError) {
      let list = try ProcessTables(kernel, in: &kernelMemory)
      for table in list.tables { found.add(table, .process) }
      processes = list.tables.count
      if list.implausible > 0 { gaps.append("\(list.implausible) pages of pgd_list are no page tables") }
      if let problem = list.problem { gaps.append("not all processes were found: \(problem)") }
    } catch { gaps.append("the processes' page tables keep the bit: \(error)") }
    if found.unreachable > 0 { gaps.append("\(found.unreachable) page tables are not in the vmcore") }
    self.processes = processes
    self.gaps = gaps
    mask = kernel.tables.encryptionMask
    tables = found.takeFrames()
  }

  /// Tables that change.
  public var tableCount: UInt64 { tables.count }

  public func changes(_ pfn: PFN) -> Bool { tables.contains(pfn) }

  public func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    for offset in stride(from: 0, to: page.byteCount & ~7, by: 8) {
      let entry = unsafe page.bytes.unsafeLoad(fromByteOffset: offset, as: UInt64.self)
      guard PageTableEntry(entry).isPresent, entry & mask != 0 else { continue }
      page.storeBytes(of: entry & ~mask, toByteOffset: offset, as: UInt64.self)
    }
  }

  /// What goes into the dump.
  public var record: String {
    "stripped SME: bit \(mask.trailingZeroBitCount) cleared in \(tableCount) page tables, of the kernel and of"
      + " \(processes) processes" + (gaps.isEmpty ? "" : "; " + gaps.joined(separator: "; ")) + "\n"
  }
}
