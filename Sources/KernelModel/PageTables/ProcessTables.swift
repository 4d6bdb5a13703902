public import DumpMemory
internal import Platform

/// The top page tables of all processes.
///
/// x86 keeps the `struct page`s of all of them on a list, `pgd_list`, so that what is new in the kernel's half can be
/// copied to each (arch/x86/mm/pgtable.c, `pgd_list_add`). It is linked through `page.lru`, `ptdesc.pt_list` since 6.6,
/// which lies at the same place.
public struct ProcessTables: Sendable {
  public let tables: [PhysicalAddress]
  /// Pages on the list whose upper half is not the kernel's: they are no top tables and left out.
  public let implausible: Int
  /// Why the list ended before its end; nil if it did not.
  public let problem: String?

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["pgd_list"]

  /// PID_MAX_LIMIT of 64-bit kernels: no list is longer.
  private static let mostProcesses = 1 << 22
  /// Entries of the upper half that may be a process's own: its LDT's, and those that it took over late.
  private static let mostOwnEntries = 4

  /// - Throws: ``KernelError`` if the list cannot be found.
  public init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    let physical = kernel.physical
    guard let head = try kernel.symbols(Self.symbols).address(of: "pgd_list") else {
      throw .absent("pgd_list, the list of all processes' page tables, is in no symbol table")
    }
    guard let link = kernel.info.offset("page.lru"), let size = kernel.info.size("page"), size > 0 else {
      throw .absent("VMCOREINFO has no OFFSET(page.lru) or no SIZE(page)")
    }
    let map = try kernel.memoryMap()
    var reader = try KernelError.wrapping { () throws(SystemError) in try MemoryReader.scattered(physical) }
    let format = kernel.tables.format
    let kernelHalf: [UInt64]
    do throws(VmcoreError) {
      kernelHalf = try Self.upperHalf(kernel.tables.root, format, by: &reader)
    } catch { throw .unreadable("the kernel's top page table", error) }

    var tables: [PhysicalAddress] = []
    var implausible = 0
    var problem: String? = "the list has no end"
    var seen: Set<PFN> = []
    var at = head
    for _ in 0...min(Self.mostProcesses, physical.most(ofBytes: size)) {
      guard let next = try? memory.word(at) else {
        problem = "the list cannot be read at \(at)"
        break
      }
      if next == head.rawValue {
        problem = nil
        break
      }
      at = VirtualAddress(next)
      guard KernelPointer.isPlausible(next),
        let pfn = map.frame(ofPage: next &- UInt64(link), pageSize: size)
      else {
        problem = "the list breaks off at \(at)"
        break
      }
      guard seen.insert(pfn).inserted else {
        problem = "the list leads back into itself at \(at)"
        break
      }
      let table = physical.geometry.address(of: pfn)
      if let half = try? Self.upperHalf(table, format, by: &reader),
        Self.agree(half, kernelHalf: kernelHalf)
      {
        tables.append(table)
      } else {
        implausible += 1
      }
    }
    self.tables = tables
    self.implausible = implausible
    self.problem = problem
  }

  /// What the entries of the kernel's half lead to.
  private static func upperHalf(
    _ table: PhysicalAddress, _ format: PageTableFormat, by reader: inout MemoryReader
  ) throws(VmcoreError) -> [UInt64] {
    var half: [UInt64] = []
    let entries = format.entryCount(level: format.levels)
    half.reserveCapacity(entries / 2)
    for index in entries / 2..<entries {
      let entry = try reader.word(table + index * 8)
      half.append(format.isPresent(entry, level: format.levels) ? format.frame(entry) : 0)
    }
    return half
  }

  private static func agree(_ half: [UInt64], kernelHalf: [UInt64]) -> Bool {
    var same = 0
    var own = 0
    for index in half.indices where half[index] != 0 {
      if half[index] == kernelHalf[index] { same += 1 } else { own += 1 }
    }
    return same > 0 && own <= mostOwnEntries
  }
}

extension MemoryMap {
  /// The frame that a `struct page` describes.
  func frame(ofPage page: UInt64, pageSize: Int) -> PFN? {
    for section in sections {
      let offset = page &- section.pages.rawValue
      if page >= section.pages.rawValue, offset / UInt64(pageSize) < UInt64(section.frames.count) {
        return offset % UInt64(pageSize) == 0
          ? section.frames.lowerBound.advanced(by: Int(offset) / pageSize) : nil
      }
    }
    return nil
  }
}
