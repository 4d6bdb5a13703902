public import DumpMemory
internal import Platform

/// Writes the files of a split dump, all of them together: each page goes to the file that has its frame.
///
/// All files have their headers and room for their descriptors before the first page is written. One that is full or
/// fails ends there; the others go on.
public struct SplitWriter: ~Copyable, DumpWriter {
  private final class Part {
    var writer: DiskdumpWriter
    let path: String
    let frames: Range<PFN>
    /// How many of the dump's frames lie below the file's.
    var firstRank: UInt64 = 0
    var failure: DumpError?
    var isFinished = false

    var isEmpty: Bool { writer.pagesTaken == writer.unreadablePages }

    init(_ writer: consuming DiskdumpWriter, path: String, frames: Range<PFN>) {
      self.writer = writer
      self.path = path
      self.frames = frames
    }
  }

  private var parts: [Part] = []
  /// The part of the last page.
  private var latest = 0
  private var adjusted: [UInt64] = []

  public init() {}

  /// Adds the next file.
  ///
  /// - Parameter writer: whose description has the file's frames.
  public mutating func add(_ writer: consuming DiskdumpWriter, path: String, frames: Range<PFN>) {
    parts.append(Part(writer, path: path, frames: frames))
  }

  /// That of each of its files.
  public var form: PageForm { parts[0].writer.form }

  public var pagesTaken: UInt64 { parts.reduce(0) { $0 + $1.writer.pagesTaken } }
  public var unreadablePages: UInt64 { parts.reduce(0) { $0 + $1.writer.unreadablePages } }

  public var bytesWritten: UInt64 { parts.reduce(0) { $0 + $1.writer.bytesWritten } }

  public var unreadableNoteBytes: Int { parts.first?.writer.unreadableNoteBytes ?? 0 }

  public var hasStreamEnd: Bool { false }

  /// Files that did not come to their end, and have pages.
  public var cutFiles: [String] { parts.filter { !$0.isFinished && !$0.isEmpty }.map { $0.path } }

  /// Files that did not come to their first page.
  public var emptyFiles: [String] { parts.filter { !$0.isFinished && $0.isEmpty }.map { $0.path } }
  /// Files that have all their pages.
  public var wholeFiles: [String] { parts.filter { $0.isFinished }.map { $0.path } }

  public mutating func begin(
    notes: CoreNotes, existing: PFNRanges, dumpable: borrowing PFNBitmap, sequence: FrameSequence?
  ) throws(DumpError) {
    var counted = PFN(0)
    var rank: UInt64 = 0
    for part in parts {
      rank += dumpable.count(in: counted..<part.frames.lowerBound)
      counted = part.frames.lowerBound
      part.firstRank = rank
    }
    for part in parts where part.failure == nil {
      do throws(DumpError) {
        try part.writer.begin(notes: notes, existing: existing, dumpable: dumpable)
      } catch { part.failure = error }
    }
    try checkAny()
  }

  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>, ranks: Span<UInt64>
  ) throws(DumpError) {
    var index = 0
    var taken = 0
    while index < pages.count {
      if !parts[latest].frames.contains(frames[index]) { latest = part(of: frames[index]) }
      let part = parts[latest]
      let start = index
      let startOfData = taken
      while index < pages.count, part.frames.contains(frames[index]) {
        if case .data(let size, _) = pages[index] { taken += Int(size) }
        index += 1
      }
      adjusted.removeAll(keepingCapacity: true)
      if !ranks.isEmpty { for place in start..<index { adjusted.append(ranks[place] - part.firstRank) } }
      guard part.failure == nil else { continue }
      do throws(DumpError) {
        try part.writer.append(
          data: data.extracting(startOfData..<taken), pages: pages.extracting(start..<index),
          frames: frames.extracting(start..<index), ranks: adjusted.span)
      } catch { part.failure = error }
    }
    try checkAny()
  }

  public mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpError) {
    for part in parts where part.failure == nil {
      do throws(DumpError) {
        try part.writer.finish(dumpable: dumpable)
        part.isFinished = true
      } catch { part.failure = error }
    }
    if let failure = firstFailure { throw failure }
  }

  public mutating func abandon() {
    for part in parts where !part.isFinished { part.writer.abandon() }
  }

  private var firstFailure: DumpError? {
    for part in parts { if let failure = part.failure { return failure } }
    return nil
  }

  /// Where no file is left to write to, there is nothing more to do.
  private func checkAny() throws(DumpError) {
    if parts.allSatisfy({ $0.failure != nil }), let failure = firstFailure { throw failure }
  }

  private func part(of pfn: PFN) -> Int {
    for (index, part) in parts.enumerated() where part.frames.contains(pfn) { return index }
    preconditionFailure("every frame has its file")
  }
}
