internal import Platform

/// Bytes of notes in their order: some in memory, some still in the file.
struct NoteList: Sendable {
  private struct Piece {
    /// Where in all of the notes it begins.
    var start: Int
    var byteCount: Int
    /// Where in ``held`` it begins; nil where it stays in the file.
    var heldStart: Int?
    /// Where in the file it begins; nil where it is not from there.
    var fileStart: UInt64?

    var end: Int { start + byteCount }
  }

  private var pieces: [Piece] = []
  private(set) var held: [UInt8] = []
  private(set) var byteCount = 0

  /// Adds bytes that are held in memory.
  ///
  /// - Parameter place: where in the file they lie, if they are from there.
  mutating func hold(_ bytes: [UInt8], at place: UInt64? = nil) {
    add(Piece(start: byteCount, byteCount: bytes.count, heldStart: held.count, fileStart: place))
    held += bytes
  }

  /// Adds bytes that stay in the file.
  mutating func store(_ place: Range<UInt64>) {
    add(Piece(start: byteCount, byteCount: place.count, fileStart: place.lowerBound))
  }

  private mutating func add(_ piece: Piece) {
    if piece.byteCount == 0 { return }
    byteCount += piece.byteCount
    if let last = pieces.last, (last.heldStart == nil) == (piece.heldStart == nil),
      last.fileStart.map({ $0 + UInt64(last.byteCount) }) == piece.fileStart,
      last.fileStart != nil || piece.heldStart != nil
    {
      pieces[pieces.count - 1].byteCount += piece.byteCount
    } else {
      pieces.append(piece)
    }
  }

  func fileOffset(ofByte place: Int) -> UInt64? {
    let index = firstPiece(endingAfter: place)
    guard index < pieces.count, pieces[index].start <= place else { return nil }
    return pieces[index].fileStart.map { $0 + UInt64(place - pieces[index].start) }
  }

  /// There may be a million of them.
  private func firstPiece(endingAfter place: Int) -> Int {
    pieces.partitionPoint(behind: { $0.end > place })
  }

  /// Copies a part; returns the bytes that could not be read, which are zeros then.
  func read(into bytes: inout MutableRawSpan, at offset: Int, from file: InputFile?) -> Int {
    var missing = 0
    var done = 0
    for piece in pieces[firstPiece(endingAfter: offset)...] {
      if done == bytes.byteCount { break }
      let from = offset + done - piece.start
      let count = min(bytes.byteCount - done, piece.byteCount - from)
      if let heldStart = piece.heldStart {
        unsafe bytes.copy(held.span.bytes.extracting(heldStart + from..<heldStart + from + count), at: done)
      } else if let place = piece.fileStart, let file {
        var part = bytes.extractingPart(done..<done + count)
        part.zero()
        missing += count - ((try? file.read(into: &part, at: FileOffset(place + UInt64(from)))) ?? 0)
      }
      done += count
    }
    return missing
  }

  /// The held notes of a name, by their places in ``held``; and how far behind those they lie in all of the notes.
  private func notes(named name: String) -> [(note: ELFNote, moved: Int)] {
    var found: [(note: ELFNote, moved: Int)] = []
    for piece in pieces {
      guard let start = piece.heldStart else { continue }
      var offset = start
      let bytes = unsafe held.span.bytes.extracting(0..<start + piece.byteCount)
      while let note = ELFNote(bytes, at: offset) {
        if note.name == name { found.append((note, piece.start - start)) }
        offset = note.range.upperBound
      }
    }
    return found
  }

  /// Whether a note of a name is held.
  func holds(noteNamed name: String) -> Bool { !notes(named: name).isEmpty }

  /// What the held notes of a name hold.
  ///
  /// - Parameter type: nil for any.
  func descriptors(ofNotesNamed name: String, type: UInt32? = nil) -> [[UInt8]] {
    notes(named: name).filter { type == nil || $0.note.type == type }.map { Array(held[$0.note.descriptor]) }
  }

  /// The lines of all held notes of a name, of each up to its zero byte.
  func lines(ofNotesNamed name: String) -> [Substring] {
    notes(named: name).flatMap {
      String(decoding: held[$0.note.descriptor].prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n")
    }
  }

  /// The text of VMCOREINFO, which is always held: where in all of the notes it lies, and its bytes.
  func vmcoreinfo() -> (range: Range<Int>?, bytes: [UInt8]) {
    guard let (note, moved) = notes(named: "VMCOREINFO").first else { return (nil, []) }
    let text = note.descriptor
    return (text.lowerBound + moved..<text.upperBound + moved, Array(held[text]))
  }

  /// The same with other notes in the place of those that are held.
  ///
  /// - Parameter change: gets each held note; nil keeps it as it is.
  func replacing(_ change: (ELFNote, [UInt8]) -> [UInt8]?) -> NoteList {
    var list = NoteList()
    for piece in pieces {
      guard let start = piece.heldStart else {
        let place = piece.fileStart ?? 0
        list.store(place..<place + UInt64(piece.byteCount))
        continue
      }
      let end = start + piece.byteCount
      var offset = start
      let bytes = unsafe held.span.bytes.extracting(0..<end)
      while let note = ELFNote(bytes, at: offset) {
        let own = Array(held[note.range])
        if let changed = change(note, own) {
          list.hold(changed)
        } else {
          list.hold(own, at: piece.fileStart.map { $0 + UInt64(offset - start) })
        }
        offset = note.range.upperBound
      }
      // Padding between segments is none.
      if offset < end { list.hold(Array(held[offset..<end])) }
    }
    return list
  }
}
