public import Platform

/// The intact pages of a broken kdump-compressed dump, or of the files that are left of a split one, as a dump without the
/// others.
public final class SalvagedStore: PageStore {
  public let path: String
  public let fileSize: UInt64
  public let heldBytes: UInt64
  public let machine: MachineKind
  public let geometry: PageGeometry
  public let frames: PFNRanges
  public let notes: CoreNotes
  public let origin: DumpFacts
  public let counts: SalvageCounts
  /// What is wrong with the dump, a line each, in words that follow its path; empty where all of it is as it should be.
  public let faults: [String]
  /// What else is to be said of it.
  public let remarks: [String]
  /// What the dump was compressed with (`status`), and whether any file is marked incomplete.
  public let status: DumpStatus
  private let files: [SalvagedFile]
  private let ends: [PFN]

  /// Whether a file is a kdump-compressed dump, flattened or not, or one without its first block.
  public static func recognises(_ path: String) throws(VmcoreError) -> Bool {
    let file = try InputFile(opening: path)
    return try KdumpHeaders.recognises(file) || LostHeader.recognises(file)
  }

  /// Reads all of a dump.
  ///
  /// - Parameters:
  ///   - paths: the dump, or files of a split one in any order.
  ///   - sums: a manifest of the dump as it was (``PageSums``); pages that it contradicts are lost.
  ///   - progress: of reading, in pages of a file.
  /// - Throws: ``VmcoreError/foreign(path:_:)`` for files that do not belong together, and
  ///   ``VmcoreError/malformed(path:at:_:)`` where headers and bitmaps do not tell which pages there are.
  public init(
    salvaging paths: [String], sums: String? = nil, threads: Int,
    progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) {
    var faults: [String] = []
    var stores: [KdumpStore] = []
    var headless: [KdumpStore] = []
    for path in paths {
      let (store, lacksHeader) = try Self.open(InputFile(opening: path), &faults)
      if lacksHeader { headless.append(store) } else { stores.append(store) }
    }
    if let sibling = stores.first {
      for store in headless { stores.append(try LostHeader.store(store, with: sibling.dump.headers.header)) }
    } else {
      stores = headless
    }
    stores.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    var missing: [Range<PFN>] = []
    if stores.count > 1 || stores[0].dump.headers.splitRange != nil {
      for part in stores.dropFirst() { try KdumpSetStore.check(part, belongsTo: stores[0]) }
      missing = try KdumpSetStore.missingRanges(of: stores).map { $0.frames }
    }
    var files: [SalvagedFile] = []
    for store in stores {
      files.append(try SalvageScan.run(store, sums: sums, threads: threads, progress: progress))
      faults += store.dump.file.warnings
      let outside = try store.dump.framesOutsideMemory()
      if outside > 0 { faults.append("\(outside) frames of the second bitmap are not in the first") }
    }
    var counts = SalvageCounts()
    for file in files { counts.add(file.counts) }
    if !missing.isEmpty {
      let all = try stores[0].dump.framesOfAllFiles()
      for range in missing {
        let count = all.count(in: range)
        counts.pages += count
        counts.absent += count
        faults.append("the file with \(range.lowerBound) to \(PFN(range.upperBound.rawValue - 1)) is missing")
      }
    }
    if counts.whole < counts.pages {
      faults.append(
        "\(counts.pages - counts.whole) of its \(counts.pages) pages are not where their descriptors say")
    }
    if counts.changed > 0, let sums { faults.append("\(counts.changed) pages are not what \(sums) says") }
    let best = stores.first { $0.notes.processorCount > 0 } ?? stores[0]
    var origin = best.origin
    origin.split = nil
    self.origin = origin
    notes = best.notes
    self.faults = faults
    self.counts = counts
    remarks = (headless.isEmpty ? [] : [LostHeader.remark]) + files.compactMap { $0.remark }
    status = stores.reduce(into: DumpStatus()) { $0.formUnion($1.dump.headers.header.status) }
    path = stores.map { $0.path }.joined(separator: ", ")
    fileSize = stores.reduce(0) { $0 + $1.fileSize }
    heldBytes = stores.reduce(0) { $0 + $1.heldBytes }
    machine = stores[0].machine
    geometry = stores[0].geometry
    frames = stores[0].frames
    ends = stores.map { PFN($0.end) }
    self.files = files
  }

  /// Opens a dump by its headers, or, where these lead to no page, by what is left of them.
  private static func open(
    _ file: InputFile, _ faults: inout [String]
  ) throws(VmcoreError) -> (KdumpStore, lacksHeader: Bool) {
    let asItSays = Result { () throws(VmcoreError) in try openAsItSays(file) }
    if case .success(let (store, fault)) = asItSays, try store.survey().proves(store.dump) {
      faults += fault
      return (store, false)
    }
    if let store = try LostHeader.rebuild(file) {
      faults.append(LostHeader.fault)
      return (store, true)
    }
    if case .failure = asItSays, let store = try LostSubHeader.rebuild(file) {
      faults.append(LostSubHeader.fault)
      return (store, false)
    }
    let (store, fault) = try asItSays.get()
    faults += fault
    return (store, false)
  }

  private static func openAsItSays(
    _ file: InputFile
  ) throws(VmcoreError) -> (KdumpStore, faults: [String]) {
    let dump = try KdumpFile(file)
    do throws(VmcoreError) { return (try KdumpStore(dump), []) } catch {
      guard case .malformed = error else { throw error }
      return (try KdumpStore(dump, notes: CoreNotes([])), ["its notes lie outside of the file"])
    }
  }

  /// Whether the dump is marked incomplete: pages were lost before.
  public var isMarkedIncomplete: Bool { status.contains(.incomplete) }

  public var formatDescription: String {
    "kdump-compressed dump of \(fileSize) bytes, dump level \(origin.dumpLevel.rawValue), \(counts.pages) pages"
  }

  public var warnings: [String] { faults + remarks }

  public var isComplete: Bool { !isMarkedIncomplete && counts.lost == 0 }

  public var lacksAllPages: Bool { counts.lost == counts.pages }

  /// Those that were found: the others are no longer in the dump.
  public func framesInFile() throws(VmcoreError) -> PFNBitmap {
    var all = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    }
    for file in files {
      var next = file.found.next(from: PFN(0))
      while let start = next {
        let end = file.found.firstAbsent(from: start)
        all.insert(start..<end)
        next = file.found.next(from: end)
      }
    }
    return all
  }

  public func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader {
    var readers: [KdumpPageReader] = []
    for file in files {
      readers.append(try KdumpPageReader(file.dump, access: access, recovered: file.recovered))
    }
    return SalvagedReader(readers, files: files, ends: ends, geometry: geometry)
  }
}

/// One thread's way to the pages that were found, and to no other.
private final class SalvagedReader: PageStoreReader {
  private let readers: [KdumpPageReader]
  private let files: [SalvagedFile]
  private let ends: [PFN]
  private let geometry: PageGeometry

  init(_ readers: [KdumpPageReader], files: [SalvagedFile], ends: [PFN], geometry: PageGeometry) {
    self.readers = readers
    self.files = files
    self.ends = ends
    self.geometry = geometry
  }

  private func reader(of pfn: PFN) throws(VmcoreError) -> KdumpPageReader {
    for (index, end) in ends.enumerated() where pfn < end {
      if files[index].found.contains(pfn) { return readers[index] }
      break
    }
    throw files[0].dump.frames.contains(pfn)
      ? .notInFile(geometry.address(of: pfn)) : .hole(geometry.address(of: pfn))
  }

  func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
    try reader(of: pfn).read(pfn, into: &page)
  }

  func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    try reader(of: pfn).readStored(pfn, as: flags, into: &bytes)
  }
}
