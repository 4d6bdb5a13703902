internal import Platform

/// Where the pages of a kdump-compressed dump lie, by their descriptors: stretches of pages that lie one behind the other.
///
/// A dump that was written in the order of its frames is one stretch, or a few where descriptors are damaged.
struct StoredRuns: Sendable {
  struct Run: Sendable {
    /// Numbers of the first and the last descriptor; those between that say nothing of their own do not count.
    var first: UInt64
    var last: UInt64
    /// Bytes of the file.
    var start: UInt64
    var end: UInt64
  }

  /// Bytes that more than one page claims.
  private struct Contest: Sendable {
    var start: UInt64
    var end: UInt64
    /// The only stretch that goes on at both ends: what lies before and behind proves its pages.
    var winner: Int?
  }

  /// In the order of their descriptors.
  private(set) var runs: [Run] = []
  /// Indices of ``runs`` in the order of their bytes.
  private var byPlace: [Int] = []
  private var contests: [Contest] = []
  /// There are too many stretches to tell.
  private(set) var isTooScattered = false

  /// Each costs 40 bytes.
  private static let most = 4 << 20

  /// Adds the next page that has bytes of its own.
  mutating func append(_ number: UInt64, _ bytes: Range<UInt64>) {
    if let last = runs.last, last.end == bytes.lowerBound {
      runs[runs.count - 1].last = number
      runs[runs.count - 1].end = bytes.upperBound
    } else if runs.count < Self.most {
      runs.append(Run(first: number, last: number, start: bytes.lowerBound, end: bytes.upperBound))
    } else {
      isTooScattered = true
    }
  }

  /// Finds out which bytes are claimed more than once.
  mutating func settle() {
    if isTooScattered { return }
    let runs = runs
    byPlace = runs.indices.sorted { runs[$0].start < runs[$1].start }
    // How far those reach that begin before.
    var furthest: UInt64 = 0
    for index in byPlace {
      let run = runs[index]
      let end = min(run.end, furthest)
      if end > run.start {
        if let last = contests.last, run.start <= last.end {
          contests[contests.count - 1].end = max(last.end, end)
        } else {
          contests.append(Contest(start: run.start, end: end, winner: nil))
        }
      }
      furthest = max(furthest, run.end)
    }
    for (index, run) in runs.enumerated() {
      var contest = contests.partitionPoint(behind: { $0.start > run.start })
      while contest < contests.count, contests[contest].end < run.end {
        contests[contest].winner = index
        contest += 1
      }
    }
  }

  /// The first byte that more than one page claims.
  var firstContest: UInt64? { contests.first?.start }

  /// The first byte between pages that none claims.
  var firstGap: UInt64? {
    var end: UInt64?
    for index in byPlace {
      if let end, runs[index].start > end { return end }
      end = max(end ?? 0, runs[index].end)
    }
    return nil
  }

  /// Whether a page has no claim to its bytes that is better than another's.
  func isContested(_ number: UInt64, bytes: Range<UInt64>) -> Bool {
    var contest = contests.partitionPoint(behind: { $0.end > bytes.lowerBound })
    while contest < contests.count, contests[contest].start < bytes.upperBound {
      guard let winner = contests[contest].winner, (runs[winner].first...runs[winner].last).contains(number),
        runs[winner].start <= bytes.lowerBound, bytes.upperBound <= runs[winner].end
      else { return true }
      contest += 1
    }
    return false
  }

  /// Whether a page that is none of those between two descriptors begins in a stretch of the file.
  func holds(_ bytes: Range<UInt64>, otherThan numbers: ClosedRange<UInt64>) -> Bool {
    var place = byPlace.partitionPoint(behind: { runs[$0].start >= bytes.lowerBound })
    while place < byPlace.count, runs[byPlace[place]].start < bytes.upperBound {
      // One of those between goes on behind them, and there is the page that ends the stretch.
      if !numbers.contains(runs[byPlace[place]].first) { return true }
      place += 1
    }
    return false
  }
}
