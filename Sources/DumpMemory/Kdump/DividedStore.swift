internal import Platform

/// A kdump-compressed dump whose blocks are larger than the kernel's pages, in pages of the kernel's size.
///
/// QEMU dumps arm64 in blocks of 64 KiB, whatever the kernel's pages are: it does not know them.
final class DividedStore: PageStore {
  private let store: KdumpStore
  let geometry: PageGeometry
  let frames: PFNRanges
  /// Pages of a block, as a shift.
  private let shift: UInt64

  /// - Parameter geometry: smaller pages than the dump's.
  init(_ store: KdumpStore, _ geometry: PageGeometry) {
    let shift = store.geometry.shift - geometry.shift
    self.store = store
    self.geometry = geometry
    self.shift = shift
    frames = PFNRanges(
      store.frames.ranges.map { PFN($0.lowerBound.rawValue << shift)..<PFN($0.upperBound.rawValue << shift) },
      maxMapNumber: store.frames.maxMapNumber << shift)
  }

  var path: String { store.path }
  var fileSize: UInt64 { store.fileSize }
  var machine: MachineKind { store.machine }
  var notes: CoreNotes { store.notes }
  var origin: DumpFacts { store.origin }
  var formatDescription: String { "\(store.formatDescription) of \(store.geometry.size) bytes" }
  var headerLines: [String] { store.headerLines }
  var warnings: [String] { store.warnings }
  var heldBytes: UInt64 { store.heldBytes }
  var isComplete: Bool { store.isComplete }
  var lacksPages: Bool { store.lacksPages }
  var lacksAllPages: Bool { store.lacksAllPages }
  var isFlattened: Bool { store.isFlattened }
  var isOfOneFile: Bool { true }

  func framesInFile() throws(VmcoreError) -> PFNBitmap { try divided(store.framesInFile()) }
  func describedFrames() throws(VmcoreError) -> PFNBitmap { try divided(store.describedFrames()) }
  func wantedFrames() throws(VmcoreError) -> PFNBitmap { try divided(store.wantedFrames()) }

  private func divided(_ blocks: consuming PFNBitmap) throws(VmcoreError) -> PFNBitmap {
    var pages = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    }
    var next = blocks.next(from: PFN(0))
    while let start = next {
      let end = blocks.firstAbsent(from: start)
      pages.insert(PFN(start.rawValue << shift)..<PFN(end.rawValue << shift))
      next = blocks.next(from: end)
    }
    return pages
  }

  func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader {
    try Reader(
      store.makeReader(access), blockSize: store.geometry.size, pageSize: geometry.size, shift: shift)
  }

  private final class Reader: PageStoreReader {
    private var block: Block

    init(
      _ reader: any PageStoreReader, blockSize: Int, pageSize: Int, shift: UInt64
    ) throws(SystemError) {
      block = try Block(reader, byteCount: blockSize, pageSize: pageSize, shift: shift)
    }

    func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
      try block.read(pfn, into: &page)
    }

    /// No page is stored by itself.
    func readStored(
      _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
    ) throws(VmcoreError) -> StoredBytes? { nil }
  }

  /// The block that was read last.
  private struct Block: ~Copyable {
    private let reader: any PageStoreReader
    private var contents: MappedBuffer
    private var latest: PFN?
    private let pageSize: Int
    private let shift: UInt64

    init(
      _ reader: any PageStoreReader, byteCount: Int, pageSize: Int, shift: UInt64
    ) throws(SystemError) {
      contents = try MappedBuffer(byteCount: byteCount)
      self.reader = reader
      self.pageSize = pageSize
      self.shift = shift
    }

    mutating func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
      let number = PFN(pfn.rawValue >> shift)
      if latest != number {
        latest = nil
        try Self.read(number, from: reader, into: &contents)
        latest = number
      }
      let start = Int(pfn.rawValue & (1 << shift - 1)) * pageSize
      page.copy(contents.bytes.extracting(start..<start + pageSize), at: 0)
    }

    private static func read(
      _ pfn: PFN, from reader: any PageStoreReader, into contents: inout MappedBuffer
    ) throws(VmcoreError) {
      var bytes = contents.mutableBytes
      try reader.read(pfn, into: &bytes)
    }
  }
}
