internal import Platform

/// A kdump-compressed dump whose first block (`struct disk_dump_header`) is lost or damaged, opened by what the rest of it says.
///
/// The sub header tells how many frames the bitmaps have and where notes and VMCOREINFO end, behind which the bitmaps begin;
/// VMCOREINFO tells the machine, the size of its pages, and when it crashed; the descriptors tell the codec. That it fits is
/// proven by the first page: it lies to the byte where the number of frames in the second bitmap says.
///
/// Nothing else tells of a mark: whether the dump was incomplete, or lacks page structures, is not known any more.
enum LostHeader {
  /// What is to be said of a dump that was opened so, in words that follow its path.
  static let fault =
    "its first block is lost: made anew from the second one, VMCOREINFO and the descriptors"
  static let remark =
    "whether it was marked incomplete is not known: the mark was in the block that is lost"
  /// What a file is of which only that is lost, for who wants to read it as it is.
  static let hint = "a kdump-compressed dump whose first block is lost: vmsieve repair makes it anew"

  /// Whether a file whose first block is none of a dump has a second one that is; what cannot be read is none.
  static func recognises(_ file: InputFile) -> Bool { !candidates(file).isEmpty }

  /// - Returns: the dump; nil where nothing proves what its header was.
  /// - Throws: ``VmcoreError`` where the file cannot be read.
  static func rebuild(_ file: InputFile) throws(VmcoreError) -> KdumpStore? {
    for headers in candidates(file) {
      // What contradicts itself is another candidate's.
      guard let dump = try? KdumpFile(file, headers: headers) else { continue }
      let store = try KdumpStore(dump)
      let survey = try store.survey()
      guard survey.proves(dump) else { continue }
      var header = headers.header
      header.status = survey.codecs.max { $0.pages < $1.pages }?.codec.status ?? []
      return try self.store(store, with: header)
    }
    return nil
  }

  /// The same dump with another first block, as that of another file of a split dump; unchanged where it would lie elsewhere.
  static func store(_ store: KdumpStore, with header: DiskdumpHeader) throws(VmcoreError) -> KdumpStore {
    let old = store.dump.headers
    guard old.header.describesSameLayout(as: header) else { return store }
    return try KdumpStore(
      KdumpFile(store.dump.file, headers: KdumpHeaders(header: header, subHeader: old.subHeader)))
  }

  /// Headers that fit the sub header, for every size of a block that a machine has.
  private static func candidates(_ file: InputFile) -> [KdumpHeaders] {
    let sizes = Set(MachineKind.allCases.flatMap { $0.geometries.map { UInt64($0.size) } })
    return sizes.sorted().flatMap { candidates(file, blockSize: $0) }
  }

  private static func candidates(_ file: InputFile, blockSize: UInt64) -> [KdumpHeaders] {
    guard var bytes = try? MappedBuffer(byteCount: KdumpSubHeader.byteCount),
      (try? file.fill(&bytes, at: FileOffset(blockSize))) == KdumpSubHeader.byteCount
    else { return [] }
    let subHeader = KdumpSubHeader(
      decoding: bytes.bytes, version: DiskdumpHeader.version, maxMapNumber: 0)
    let (place, text, eraseInfo) = (subHeader.notes, subHeader.vmcoreinfo, subHeader.eraseInfo)
    // As all writers have it: notes behind the structure, and VMCOREINFO among them.
    let narrow = UInt64(UInt32(clamping: subHeader.maxMapNumber))
    guard
      KdumpSubHeader.contradiction(
        in: bytes.bytes, version: DiskdumpHeader.version, maxMapNumber: narrow) == nil,
      subHeader.maxMapNumber <= KdumpFile.mostFrames,
      place.lowerBound == blockSize + UInt64(KdumpSubHeader.byteCount), place.upperBound <= file.size,
      !text.isEmpty, place.lowerBound < text.lowerBound, text.upperBound <= place.upperBound,
      let notes = try? CoreNotes(at: place, vmcoreinfo: text, in: file),
      let info = notes.vmcoreinfo, !info.isDamaged,
      let geometry = info.machineKind.geometry(info), UInt64(geometry.size) == blockSize
    else { return [] }
    let bitmap = KdumpHeaders.blocksOfBitmap(subHeader.maxMapNumber, blockSize: blockSize)
    // The text that tells of changes lies behind the notes, or behind all pages.
    let ends = eraseInfo.lowerBound == place.upperBound ? [eraseInfo.upperBound] : []
    return (ends + [place.upperBound]).compactMap { end in
      guard end <= file.size, let blocks = Int32(exactly: (end - 1) / blockSize) else { return nil }
      let header = DiskdumpHeader(
        utsname: UtsName(
          nodeName: "", release: info.string("OSRELEASE") ?? "", version: "",
          machine: info.machineKind.name, domainName: ""),
        crashTime: info.string("CRASHTIME").flatMap { Int64($0) } ?? 0, status: [],
        blockSize: Int32(blockSize), subHeaderBlocks: blocks, bitmapBlocks: UInt32(2 * bitmap),
        maxMapNumber: subHeader.maxMapNumber, processorCount: Int32(clamping: notes.processorCount))
      return KdumpHeaders(header: header, subHeader: subHeader)
    }
  }
}

extension DiskdumpHeader {
  /// Whether bitmaps and descriptors lie at the same places, in dumps of the same machine.
  fileprivate func describesSameLayout(as other: DiskdumpHeader) -> Bool {
    blockSize == other.blockSize && subHeaderBlocks == other.subHeaderBlocks
      && bitmapBlocks == other.bitmapBlocks && maxMapNumber == other.maxMapNumber
      && utsname.machine == other.utsname.machine && utsname.release == other.utsname.release
  }
}
