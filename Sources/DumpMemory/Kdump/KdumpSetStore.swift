public import Platform

/// The files of a split dump as one source of memory: all of them, of one dump.
public final class KdumpSetStore: PageStore {
  public let path: String
  public let fileSize: UInt64
  public let machine: MachineKind
  public let geometry: PageGeometry
  public let frames: PFNRanges
  public let notes: CoreNotes
  public let origin: DumpFacts
  /// In the order of their frames.
  public let parts: [KdumpStore]

  /// Opens the files, in any order.
  ///
  /// - Throws: ``VmcoreError/foreign(path:_:)`` that names the file which is no part of a split dump, belongs to
  ///   another dump, has pages that another file has as well, or next to which one is missing.
  public init(opening paths: [String]) throws(VmcoreError) {
    var parts: [KdumpStore] = []
    for path in paths {
      let file = try InputFile(opening: path)
      guard try KdumpHeaders.recognises(file) else {
        throw .foreign(path: path, "not a kdump-compressed dump, and so no file of a split one")
      }
      parts.append(try KdumpStore(KdumpFile(file)))
    }
    guard let first = parts.first else { throw .foreign(path: "", "no file of a split dump is named") }
    for part in parts.dropFirst() { try Self.check(part, belongsTo: first) }
    parts.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    try Self.check(parts)
    self.parts = parts
    var origin = first.origin
    origin.split = nil
    self.origin = origin
    path = parts.map { $0.path }.joined(separator: ", ")
    fileSize = parts.reduce(0) { $0 + $1.fileSize }
    machine = first.machine
    geometry = first.geometry
    frames = first.frames
    notes = first.notes
  }

  /// What the dump was compressed with (`status`), and whether any file is marked incomplete.
  public var status: DumpStatus {
    parts.reduce(into: DumpStatus()) { $0.formUnion($1.dump.headers.header.status) }
  }

  static func check(_ part: KdumpStore, belongsTo first: KdumpStore) throws(VmcoreError) {
    var header = part.dump.headers.header
    var other = first.dump.headers.header
    header.status.subtract(.incomplete)
    other.status.subtract(.incomplete)
    let isSame =
      header == other && part.dump.headers.version == first.dump.headers.version
      && part.dump.headers.maxMapNumber == first.dump.headers.maxMapNumber
      && part.dump.headers.subHeader.dumpLevel == first.dump.headers.subHeader.dumpLevel
      && part.dump.headers.subHeader.physicalBase == first.dump.headers.subHeader.physicalBase
    guard isSame, try part.dump.hasBitmaps(of: first.dump) else {
      throw .foreign(path: part.path, "a file of another dump than \(first.path)")
    }
    // Else what was erased of one would be told of all.
    guard part.origin.eraseInfo == first.origin.eraseInfo else {
      throw .foreign(path: part.path, "it has had other things erased than \(first.path)")
    }
  }

  /// Checks that there is a file for each frame, and only one.
  private static func check(_ parts: [KdumpStore]) throws(VmcoreError) {
    if let missing = try missingRanges(of: parts).first { throw missing.error }
  }

  /// The frames for which there is no file, and what is to be said where all are needed.
  ///
  /// - Parameter parts: in the order of their frames.
  static func missingRanges(
    of parts: [KdumpStore]
  ) throws(VmcoreError) -> [(frames: Range<PFN>, error: VmcoreError)] {
    var missing: [(frames: Range<PFN>, error: VmcoreError)] = []
    var end: UInt64 = 0
    var previous: KdumpStore?
    for part in parts {
      guard part.dump.headers.splitRange != nil else {
        throw .foreign(path: part.path, "a whole dump, and no file of a split one")
      }
      if part.start < end, let previous {
        throw .foreign(
          path: part.path, "has pages from \(PFN(part.start)) on, which \(previous.path) has as well")
      }
      if part.start > end { missing.append(Self.missing(end..<part.start, near: part)) }
      end = part.end
      previous = part
    }
    if let previous, end < previous.dump.headers.maxMapNumber {
      missing.append(Self.missing(end..<previous.dump.headers.maxMapNumber, near: previous))
    }
    return missing
  }

  private static func missing(
    _ frames: Range<UInt64>, near part: KdumpStore
  ) -> (frames: Range<PFN>, error: VmcoreError) {
    let error = VmcoreError.foreign(
      path: part.path,
      "a file of the same dump is missing: the one with \(PFN(frames.lowerBound)) to"
        + " \(PFN(frames.upperBound - 1))")
    return (PFN(frames.lowerBound)..<PFN(frames.upperBound), error)
  }

  public var formatDescription: String {
    "kdump-compressed dump split into \(parts.count) files, \(fileSize) bytes, dump level"
      + " \(origin.dumpLevel.rawValue)"
  }

  public var warnings: [String] {
    parts.flatMap { part in part.damage.map { "\(part.path): \($0)" } }
  }

  public var heldBytes: UInt64 { parts.reduce(0) { $0 + $1.heldBytes } }
  public var isComplete: Bool { parts.allSatisfy { $0.isComplete } }

  public var lacksAllPages: Bool { parts.allSatisfy { $0.lacksAllPages } }

  public func framesInFile() throws(VmcoreError) -> PFNBitmap {
    try union { (part) throws(VmcoreError) in try part.framesInFile() }
  }

  public func describedFrames() throws(VmcoreError) -> PFNBitmap {
    try union { (part) throws(VmcoreError) in try part.describedFrames() }
  }

  private func union(_ some: (KdumpStore) throws(VmcoreError) -> PFNBitmap) throws(VmcoreError) -> PFNBitmap {
    var all = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: frames.maxMapNumber)
    }
    for part in parts { Self.insert(try some(part), into: &all) }
    return all
  }

  private static func insert(_ some: borrowing PFNBitmap, into all: inout PFNBitmap) {
    var next = some.next(from: PFN(0))
    while let start = next {
      let end = some.firstAbsent(from: start)
      all.insert(start..<end)
      next = some.next(from: end)
    }
  }

  public func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader {
    var readers: [KdumpPageReader] = []
    for part in parts { readers.append(try KdumpPageReader(part.dump, access: access)) }
    return KdumpSetReader(readers, ends: parts.map { PFN($0.end) }, geometry: geometry)
  }
}

/// One thread's way to the pages of all files.
final class KdumpSetReader: PageStoreReader {
  private let readers: [KdumpPageReader]
  private let ends: [PFN]
  private let geometry: PageGeometry

  init(_ readers: [KdumpPageReader], ends: [PFN], geometry: PageGeometry) {
    self.geometry = geometry
    self.readers = readers
    self.ends = ends
  }

  private func reader(of pfn: PFN) throws(VmcoreError) -> KdumpPageReader {
    for (index, end) in ends.enumerated() where pfn < end { return readers[index] }
    throw .hole(geometry.address(of: pfn))
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

extension KdumpStore {
  var start: UInt64 { dump.headers.splitRange?.lowerBound.rawValue ?? 0 }
  var end: UInt64 { dump.headers.splitRange?.upperBound.rawValue ?? dump.headers.maxMapNumber }
}

extension KdumpFile {
  /// Whether both bitmaps are those of another file.
  fileprivate func hasBitmaps(of other: KdumpFile) throws(VmcoreError) -> Bool {
    let end = descriptors
    let step: UInt64 = 64 << 10
    do throws(SystemError) {
      var ours = try ReadAhead(byteCount: Int(step))
      var theirs = try ReadAhead(byteCount: Int(step))
      var at = headers.bitmaps
      while true {
        // What is a hole of both is the same.
        at = min(file.nextData(in: at..<end).lowerBound, other.file.nextData(in: at..<end).lowerBound)
        if at == end { break }
        let piece = at..<min(at + step, end)
        guard try ours.show(piece, of: file), try theirs.show(piece, of: other.file) else { return false }
        if !ours.bytes(piece).isEqual(to: theirs.bytes(piece)) { return false }
        at = piece.upperBound
      }
    } catch { throw .system(error) }
    return true
  }
}
