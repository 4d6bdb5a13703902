internal import Platform

/// Walks the notes of a file: small ones are taken into memory, large ones are left where they are.
struct NoteSurvey {
  private(set) var processorCount = 0
  private(set) var isOfXen = false
  /// Bytes of a VMCOREINFO that is too large to be one; nil where there is none such.
  private(set) var refusedInfo: Int?
  var list = NoteList()
  private let file: InputFile
  private var noteCount = 0

  /// A note of more bytes stays in the file, and a window of so many is read at once.
  private static let largestHeld = 64 << 10
  /// A capture kernel has 256 MiB: of notes it holds no more, which is 20,000 processors.
  private static let mostHeld = 8 << 20
  /// The kernel's own text is a page at most.
  private static let largestVMCOREINFO = 1 << 20
  /// More bytes than the devices of any machine dump; a sparse file can claim as many as it likes.
  private static let mostBytes: UInt64 = 16 << 30
  /// More notes than any machine has; what is behind them is copied, and not looked at.
  private static let mostNotes = 1 << 20

  init(_ file: InputFile) {
    self.file = file
  }

  /// Adds the notes of one segment.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` where it reaches past the end of the file.
  mutating func add(_ segment: ProgramHeader) throws(VmcoreError) {
    let size = segment.fileSize
    let start = segment.fileOffset.rawValue
    let (end, overflow) = start.addingReportingOverflow(size)
    guard !overflow, end <= UInt64(Int64.max) else {
      throw .malformed(path: file.path, at: segment.fileOffset, "notes cannot lie there")
    }
    guard file.size == 0 || end <= file.size else {
      throw .malformed(
        path: file.path, at: segment.fileOffset, "the notes (\(size) bytes) reach past the end of the file")
    }
    let stored = file.storedSize == 0 ? Self.mostBytes : min(Self.mostBytes, file.storedSize)
    guard UInt64(list.byteCount) + size <= stored else {
      throw .malformed(path: file.path, at: segment.fileOffset, "notes of \(size) bytes are none")
    }
    // The notes of one segment may end without the padding that those of the next need before them.
    if list.byteCount % 4 != 0 { list.hold([UInt8](repeating: 0, count: 4 - list.byteCount % 4)) }
    var window = try MappedBuffer.allocate(byteCount: Int(min(size, UInt64(Self.largestHeld))))
    var done: UInt64 = 0
    while size - done >= UInt64(ELFNote.headerByteCount) {
      let place = start + done
      if noteCount > Self.mostNotes {
        list.store(place..<end)
        return
      }
      let count = Int(min(size - done, UInt64(Self.largestHeld)))
      try fill(&window, count: count, at: place)
      let taken = take(window.bytes.extracting(first: count), at: place)
      if taken > 0 {
        done += UInt64(taken)
        continue
      }
      guard let length = length(window.bytes, within: size - done) else { return }
      let isInfo = window.bytes.text(in: 12..<min(count, 23)) == "VMCOREINFO"
      if isInfo, length > Self.largestVMCOREINFO { refusedInfo = length }
      if isInfo, length <= Self.largestVMCOREINFO {
        var whole = try MappedBuffer.allocate(byteCount: length)
        try fill(&whole, count: length, at: place)
        _ = take(whole.bytes, at: place)
      } else {
        noteCount += 1
        list.store(place..<place + UInt64(length))
      }
      done += UInt64(length)
    }
  }

  /// Takes the notes that lie wholly in a window; returns their bytes.
  private mutating func take(_ bytes: RawSpan, at place: UInt64) -> Int {
    var offset = 0
    var hasInfo = false
    while let note = ELFNote(bytes, at: offset) {
      switch note.name {
      case "CORE": if note.type == ELFNote.prstatus { processorCount += 1 }
      case "VMCOREINFO_XEN": isOfXen = true
      case "Xen": if note.type == 0x100_0001 { isOfXen = true }
      case "VMCOREINFO": hasInfo = true
      default: break
      }
      noteCount += 1
      offset = note.range.upperBound
    }
    if list.held.count + offset <= Self.mostHeld || hasInfo {
      list.hold(unsafe bytes.extracting(first: offset).withUnsafeBytes { unsafe Array($0) }, at: place)
    } else {
      list.store(place..<place + UInt64(offset))
    }
    return offset
  }

  /// Bytes of the note that begins a window, with the padding that is there; nil for one that reaches past the end.
  ///
  /// What follows a note that claims too much is no note: readers of the dump would run past its end there.
  private func length(_ bytes: RawSpan, within rest: UInt64) -> Int? {
    guard let nameSize = bytes.littleEndian(at: 0, as: UInt32.self),
      let descriptorSize = bytes.littleEndian(at: 4, as: UInt32.self)
    else { return nil }
    let end = UInt64(ELFNote.headerByteCount) + (UInt64(nameSize) + 3) & ~3 + UInt64(descriptorSize)
    guard end <= rest else { return nil }
    return Int(min((end + 3) & ~3, rest))
  }

  private func fill(_ buffer: inout MappedBuffer, count: Int, at place: UInt64) throws(VmcoreError) {
    var bytes = buffer.mutableBytes(in: 0..<count)
    let got: Int
    do throws(SystemError) { got = try file.read(into: &bytes, at: FileOffset(place)) } catch {
      throw .system(error)
    }
    guard got == count else {
      throw .malformed(
        path: file.path, at: FileOffset(place), "the notes end \(count - got) bytes too early")
    }
  }
}
