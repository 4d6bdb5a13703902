import DumpFixtures
import DumpMemory
import KernelModel
import Platform

/// The memory of a synthetic kernel, whose changes can be undone.
///
/// It belongs to one thread at a time.
final class PatchedMemory: PageStore, @unchecked Sendable {
  let path = "a synthetic kernel"
  let fileSize: UInt64
  let machine = MachineKind.x86_64
  let frames: PFNRanges
  let notes: CoreNotes
  let origin: DumpFacts
  let formatDescription = "a synthetic kernel"

  private let kernel: SyntheticKernel
  /// Pages that were read or written.
  private var pages: [UInt64: [UInt8]] = [:]
  /// What was where it was written, in order.
  private var undo: [(at: UInt64, bytes: [UInt8])] = []

  init(_ kernel: SyntheticKernel) {
    self.kernel = kernel
    let ranges = kernel.ranges.map { PFN($0.lowerBound)..<PFN($0.upperBound) }
    frames = PFNRanges(ranges, maxMapNumber: kernel.maxMapNumber)
    fileSize = frames.count << 12
    // Before 4.10 VMCOREINFO has no phys_base, and the headers say it.
    origin = DumpFacts(
      utsname: .unknown(.x86_64), crashTime: 0, processorCount: 1,
      physicalBase: UInt64(bitPattern: kernel.physicalBase),
      dumpLevel: DumpLevel(rawValue: 0))
    let processors = (0..<kernel.configuration.cpus).flatMap { ELFNote.prstatus(cpu: $0).bytes }
    notes = CoreNotes(processors + ELFNote.vmcoreinfo(kernel.vmcoreinfoText).bytes)
  }

  var heldBytes: UInt64 { fileSize }

  func framesInFile() throws(VmcoreError) -> PFNBitmap {
    var held = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    }
    for range in frames.ranges { held.insert(range) }
    return held
  }

  func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader {
    Reader(self)
  }

  private final class Reader: PageStoreReader {
    private let memory: PatchedMemory

    init(_ memory: PatchedMemory) {
      self.memory = memory
    }

    func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
      guard memory.frames.contains(pfn) else { throw .hole(PhysicalAddress(pfn.rawValue << 12)) }
      let bytes = memory.page(pfn.rawValue)
      page.copy(bytes.span.bytes, at: 0)
    }

    func readStored(
      _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
    ) throws(VmcoreError) -> StoredBytes? {
      nil
    }
  }

  /// The word at an address that is a multiple of 8; nil where there is no memory.
  func word(_ address: UInt64) -> UInt64? {
    guard frames.contains(PFN(address >> 12)) else { return nil }
    return page(address >> 12).loadLittleEndian(at: Int(address & 0xff8), as: UInt64.self)
  }

  private func page(_ pfn: UInt64) -> [UInt8] {
    if let page = pages[pfn] { return page }
    let page = kernel.memory.page(pfn)
    pages[pfn] = page
    return page
  }

  // MARK: - Changes

  /// Writes the lower bytes of a value.
  func write(_ value: UInt64, byteCount: Int, at address: UInt64) {
    write((0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }, at: address)
  }

  func copy(from source: UInt64, to address: UInt64, byteCount: Int) {
    write(bytes(at: source, count: byteCount), at: address)
  }

  /// Writes what lies in memory of the kernel, and in one page.
  func write(_ bytes: [UInt8], at address: UInt64) {
    var address = address
    var rest = bytes[...]
    while !rest.isEmpty, frames.contains(PFN(address >> 12)) {
      let offset = Int(address & 0xfff)
      let piece = rest.prefix(4096 - offset)
      undo.append((address, self.bytes(at: address, count: piece.count)))
      store(piece, at: address)
      address += UInt64(piece.count)
      rest = rest.dropFirst(piece.count)
    }
  }

  /// Takes all changes back.
  func restore() {
    while let last = undo.popLast() { store(last.bytes[...], at: last.at) }
  }

  /// Bytes of one page, or as many as it has.
  private func bytes(at address: UInt64, count: Int) -> [UInt8] {
    guard frames.contains(PFN(address >> 12)) else { return [] }
    let offset = Int(address & 0xfff)
    return Array(page(address >> 12)[offset..<min(offset + count, 4096)])
  }

  private func store(_ bytes: ArraySlice<UInt8>, at address: UInt64) {
    let pfn = address >> 12
    let offset = Int(address & 0xfff)
    _ = page(pfn)
    pages[pfn]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
}
