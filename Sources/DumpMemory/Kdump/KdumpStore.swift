public import Platform

/// A kdump-compressed dump as a source of memory: what was left out of it stays out.
public final class KdumpStore: PageStore {
  public let path: String
  public let fileSize: UInt64
  public let machine: MachineKind
  public let geometry: PageGeometry
  public let frames: PFNRanges
  public let notes: CoreNotes
  public let origin: DumpFacts
  public let dump: KdumpFile
  /// Pages of which the file has no bytes, by its descriptors.
  public let missingPages: UInt64

  /// - Parameter notes: what counts instead of those of the dump, where these are lost.
  /// - Throws: ``VmcoreError/foreign(path:_:)`` for a dump of a machine that is not known.
  public init(_ dump: KdumpFile, notes given: CoreNotes? = nil) throws(VmcoreError) {
    let headers = dump.headers
    let path = dump.file.path
    let name = headers.header.utsname.machine
    guard let machine = MachineKind(named: name, blockSize: headers.blockSize),
      let geometry = machine.geometry(pageSize: headers.blockSize)
    else {
      throw .foreign(
        path: path,
        "a dump of another machine (\(name), pages of \(headers.blockSize) bytes); only \(MachineKind.all) can be read"
      )
    }
    let notes: CoreNotes
    if let given {
      notes = given
    } else {
      notes = try CoreNotes(
        at: headers.subHeader.notes, vmcoreinfo: headers.subHeader.vmcoreinfo, in: dump.file)
    }
    do throws(SystemError) { missingPages = try dump.missingPages() } catch { throw .system(error) }
    self.dump = dump
    self.path = path
    self.machine = machine
    self.geometry = geometry
    self.notes = notes
    fileSize = dump.file.size
    frames = dump.frames
    origin = DumpFacts(
      utsname: headers.header.utsname, crashTime: headers.header.crashTime,
      processorCount: notes.processorCount > 0
        ? Int32(clamping: notes.processorCount) : headers.processorCount,
      physicalBase: headers.subHeader.physicalBase,
      dumpLevel: DumpLevel(rawValue: Int(headers.subHeader.dumpLevel) & 31),
      eraseInfo: try Self.text(at: headers.subHeader.eraseInfo, in: dump.file), split: headers.splitRange)
  }

  /// Lines about erased data are few.
  package static let mostText = 1 << 20

  private static func text(at place: Range<UInt64>, in file: InputFile) throws(VmcoreError)
    -> String
  {
    guard !place.isEmpty, place.upperBound <= file.size, place.count <= mostText else { return "" }
    do throws(SystemError) {
      var window = try ReadAhead(byteCount: place.count)
      guard try window.show(place, of: file) else { return "" }
      return unsafe window.bytes(place).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    } catch { throw .system(error) }
  }

  public var isFlattened: Bool { dump.file.isFlattened }
  public var isOfOneFile: Bool { true }

  public var formatDescription: String {
    "\(dump.file.isFlattened ? "flattened " : "")kdump-compressed dump of \(fileSize) bytes, header_version"
      + " \(dump.headers.version), dump level \(origin.dumpLevel.rawValue), \(dump.pageCount) pages"
  }

  public var headerLines: [String] { dump.headers.lines }

  public var warnings: [String] {
    guard let split = dump.headers.splitRange else { return damage }
    return damage + [
      "one file of a split dump, with the pages from \(split.lowerBound) to \(split.upperBound) only"
    ]
  }

  /// What is wrong with the file itself.
  var damage: [String] {
    var lines = dump.file.warnings
    let status = dump.headers.header.status
    if status.contains(.incomplete) {
      lines.append(
        missingPages > 0
          ? "the dump is marked incomplete: \(missingPages) of its \(dump.pageCount) pages are missing"
          : "the dump is marked incomplete: pages were lost before it was written, and it does not say which")
    } else if missingPages > 0 {
      lines.append("the dump is cut: \(missingPages) of its \(dump.pageCount) pages are missing")
    }
    lines += origin.unreadableRecords.map { "when the dump was made, " + $0 }
    if status.contains(.excludedVmemmap) {
      lines.append(
        "page structures were left out of the dump (-e): what their pages were used for is not known")
    }
    return lines
  }

  public var heldBytes: UInt64 {
    // A page takes its descriptor at the least.
    min(dump.descriptorsInFile, dump.file.heldSize / UInt64(PageDescriptor.byteCount))
      * dump.headers.blockSize
  }

  public var isComplete: Bool {
    dump.file.isWhole && missingPages == 0 && !dump.headers.header.status.contains(.incomplete)
  }

  public var lacksPages: Bool { !isComplete || dump.headers.splitRange != nil }

  public var lacksAllPages: Bool { dump.pageCount > 0 && missingPages == dump.pageCount }

  public func wantedFrames() throws(VmcoreError) -> PFNBitmap { try dump.framesOfAllFiles() }

  public func describedFrames() throws(VmcoreError) -> PFNBitmap { try dump.describedFrames() }

  /// The second bitmap, less the pages whose descriptors say that there is no page.
  public func framesInFile() throws(VmcoreError) -> PFNBitmap {
    var frames = try dump.describedFrames()
    try dump.removeMissing(from: &frames)
    return frames
  }

  public func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader {
    try KdumpPageReader(dump, access: access)
  }
}
