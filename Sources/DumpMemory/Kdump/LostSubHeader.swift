internal import Platform

/// A kdump-compressed dump whose second block (`struct kdump_sub_header`) is lost or damaged, opened by what the rest of it says.
///
/// The first block tells how many frames the bitmaps have, below 16 TiB, and where they begin; the descriptors tell whether
/// pages of zeros share one. The notes are lost, and VMCOREINFO must be looked for in the dump's memory; so is the dump level.
///
/// A file of a split dump told there of which frames its pages are. Its descriptors are fewer than the second bitmap's
/// frames: it is known by that, and not opened.
enum LostSubHeader {
  /// What is to be said of a dump that was opened so, in words that follow its path.
  static let fault =
    "its second block is lost: the notes with the processors' registers were there, and the dump level"

  /// - Returns: the dump; nil where nothing proves what its second block was.
  /// - Throws: ``VmcoreError`` where the file cannot be read.
  static func rebuild(_ file: InputFile) throws(VmcoreError) -> KdumpStore? {
    guard let (version, header, _) = try? KdumpHeaders.first(of: file), version >= 3,
      header.subHeaderBlocks > 0,
      header.maxMapNumber < UInt64(UInt32.max),
      let store = try open(file, header, level: [])
    else { return nil }
    let survey = try store.survey()
    // A whole dump has a descriptor for the last of its frames.
    guard survey.proves(store.dump), survey.isLastShapely else { return nil }
    return survey.sharesFirstPage(of: store.dump) ? try open(file, header, level: .zeroPages) : store
  }

  private static func open(
    _ file: InputFile, _ header: DiskdumpHeader, level: DumpLevel
  ) throws(VmcoreError) -> KdumpStore? {
    let subHeader = KdumpSubHeader(
      physicalBase: 0, dumpLevel: Int32(level.rawValue), vmcoreinfo: 0..<0, notes: 0..<0,
      maxMapNumber: header.maxMapNumber)
    guard let dump = try? KdumpFile(file, headers: KdumpHeaders(header: header, subHeader: subHeader)) else {
      return nil
    }
    return try KdumpStore(dump, notes: CoreNotes([]))
  }
}
