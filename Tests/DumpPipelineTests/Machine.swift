import DumpFixtures
import DumpMemory
import KernelModel
import PageCompression
import Platform

/// Made-up memory, frame by frame, some of which cannot be read.
final class Machine: PageStore {
  let path = "a machine"
  let formatDescription = "made up"
  let machine = MachineKind.x86_64
  let fileSize: UInt64
  var heldBytes: UInt64 { fileSize }
  let frames: PFNRanges
  let notes: CoreNotes
  let origin = DumpFacts(
    utsname: .unknown(.x86_64), crashTime: 0, processorCount: 1, physicalBase: 0, dumpLevel: [])
  let contents: [[UInt8]]
  /// Pfns whose reading fails.
  let unreadable: Set<UInt64>

  init(frames count: Int, seed: UInt64 = 1, unreadable: Set<UInt64> = []) throws {
    var random = SeededGenerator(seed: seed)
    contents = (0..<count).map { _ in Self.page(&random) }
    self.unreadable = unreadable
    var builder = ELFBuilder()
    builder.notes = [.vmcoreinfo("OSRELEASE=6.1.0-test\nPAGESIZE=4096\n")]
    builder.segments = [ELFSegment(vaddr: 0, paddr: 0, data: [UInt8](repeating: 0, count: 4096))]
    let file = try builder.build().write()
    let memory = try PhysicalMemory(try ELFCore(opening: file.path), prefersMapping: false)
    fileSize = UInt64(count) << 12
    frames = PFNRanges([PFN(0)..<PFN(UInt64(count))], maxMapNumber: UInt64(count))
    notes = memory.notes
  }

  /// Zeros, noise, or something between.
  private static func page(_ random: inout SeededGenerator) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: 4096)
    let step = random.pick([0, 1, 8, 64] as [Int])
    if step > 0 {
      for index in stride(from: 0, to: 4096, by: step) {
        page[index] = UInt8(truncatingIfNeeded: random.next())
      }
    }
    return page
  }

  func framesInFile() throws(VmcoreError) -> PFNBitmap {
    do throws(SystemError) {
      var bitmap = try PFNBitmap(maxMapNumber: UInt64(contents.count))
      bitmap.insert(PFN(0)..<PFN(UInt64(contents.count)))
      return bitmap
    } catch { throw .system(error) }
  }

  func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader { Reader(self) }

  private final class Reader: PageStoreReader {
    private let machine: Machine

    init(_ machine: Machine) {
      self.machine = machine
    }

    func readStored(
      _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
    ) throws(VmcoreError) -> StoredBytes? { nil }

    func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
      if machine.unreadable.contains(pfn.rawValue) {
        throw .damaged(PhysicalAddress(pfn.rawValue << 12), reason: "made so")
      }
      let content = machine.contents[Int(pfn.rawValue)]
      page.copy(content.span.bytes, at: 0)
    }
  }
}
