internal import Platform

/// Where in a flattened stream each byte of the rearranged dump lies: the records, sorted and freed of
/// overlaps.
struct FlattenedIndex: Sendable {
  /// Bytes that lie together in both.
  struct Record {
    /// Where the bytes belong in the rearranged dump.
    var target: UInt64
    /// Where they lie in the stream.
    var source: UInt64
    var byteCount: UInt64

    var end: UInt64 { target + byteCount }
  }

  private(set) var records: [Record] = []
  private var isSorted = true

  /// Adds the stream's next record.
  mutating func append(_ record: Record) {
    if let last = records.last, record.target < last.end { isSorted = false }
    records.append(record)
  }

  /// Bytes of the rearranged dump.
  var size: UInt64 { records.last?.end ?? 0 }

  /// The record that holds a byte, or else the next one above it.
  func firstRecord(endingAfter offset: UInt64) -> Int {
    records.partitionPoint(behind: { $0.end > offset })
  }

  /// The first bytes in a range that records hold, one behind the other; nothing at its end, where none does.
  func nextData(in range: Range<UInt64>) -> Range<UInt64> {
    var record = firstRecord(endingAfter: range.lowerBound)
    guard record < records.count, records[record].target < range.upperBound else {
      return range.upperBound..<range.upperBound
    }
    let start = max(records[record].target, range.lowerBound)
    var end = records[record].end
    while end < range.upperBound, record + 1 < records.count, records[record + 1].target == end {
      record += 1
      end = records[record].end
    }
    return start..<min(end, range.upperBound)
  }

  /// Sorts the records. Where several hold a byte, the last in the stream counts, as if they had been written
  /// to a file one after the other.
  mutating func sort() {
    guard !isSorted else { return }
    let unordered = records.sorted { $0.target < $1.target }
    records.removeAll(keepingCapacity: true)
    var active = NewestFirst()
    var next = 0
    var offset: UInt64 = 0
    while next < unordered.count || !active.isEmpty {
      if active.isEmpty { offset = unordered[next].target }
      while next < unordered.count, unordered[next].target <= offset {
        active.insert(unordered[next])
        next += 1
      }
      while let newest = active.newest, newest.end <= offset { active.removeNewest() }
      guard let newest = active.newest else { continue }
      let end = next < unordered.count ? min(newest.end, unordered[next].target) : newest.end
      add(
        Record(
          target: offset, source: newest.source + (offset - newest.target), byteCount: end - offset))
      offset = end
    }
    isSorted = true
  }

  private mutating func add(_ piece: Record) {
    if let last = records.last, last.end == piece.target, last.source + last.byteCount == piece.source {
      records[records.count - 1].byteCount += piece.byteCount
    } else {
      records.append(piece)
    }
  }

  /// A heap of records with the one that comes last in the stream on top.
  private struct NewestFirst {
    private var heap: [Record] = []

    var isEmpty: Bool { heap.isEmpty }
    var newest: Record? { heap.first }

    mutating func insert(_ record: Record) {
      heap.append(record)
      var index = heap.count - 1
      while index > 0, heap[(index - 1) / 2].source < heap[index].source {
        heap.swapAt(index, (index - 1) / 2)
        index = (index - 1) / 2
      }
    }

    mutating func removeNewest() {
      guard let last = heap.popLast(), !heap.isEmpty else { return }
      heap[0] = last
      var index = 0
      while true {
        var child = index * 2 + 1
        if child >= heap.count { return }
        if child + 1 < heap.count, heap[child + 1].source > heap[child].source { child += 1 }
        if heap[child].source <= heap[index].source { return }
        heap.swapAt(index, child)
        index = child
      }
    }
  }
}
