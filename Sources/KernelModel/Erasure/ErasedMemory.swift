internal import DumpMemory
internal import Platform

/// Which bytes of physical memory are to be overwritten, and with what.
public struct ErasedMemory: Sendable {
  struct Run: Hashable, Sendable {
    var start: UInt64
    var end: UInt64
    /// 'X', or 0 for pointers that become null.
    var filling: UInt8
  }

  /// Sorted and free of overlaps when all are added.
  private(set) var runs: [Run] = []

  /// Each costs 24 bytes of a capture kernel's memory.
  static let mostRuns = 1 << 20
  static let letter = UInt8(ascii: "X")

  public init() {}

  /// Bytes that are overwritten.
  public var byteCount: UInt64 { runs.reduce(0) { $0 + ($1.end - $1.start) } }
  public var isEmpty: Bool { runs.isEmpty }

  /// - Returns: false if there are too many.
  mutating func add(_ start: UInt64, count: UInt64, filling: UInt8) -> Bool {
    if let last = runs.last, last.end == start, last.filling == filling {
      runs[runs.count - 1].end += count
      return true
    }
    guard runs.count < Self.mostRuns else { return false }
    runs.append(Run(start: start, end: start + count, filling: filling))
    return true
  }

  /// Adds what the kernel's page tables map to a stretch of virtual addresses.
  ///
  /// - Returns: why that is not possible, in words that follow the name of what is erased; nil if it is.
  mutating func add(
    _ address: VirtualAddress, count: UInt64, filling: UInt8, in memory: inout KernelMemory
  ) -> String? {
    var at = address.rawValue
    var left = count
    while left > 0 {
      guard let mapping = try? memory.mapping(of: VirtualAddress(at)) else {
        return "reaches to \(VirtualAddress(at)), which is not mapped"
      }
      let piece = min(left, mapping.virtual.upperBound - at)
      let start = mapping.physical.rawValue + (at - mapping.virtual.lowerBound)
      guard add(start, count: piece, filling: filling) else {
        return "is one of more than \(Self.mostRuns) places"
      }
      at &+= piece
      left -= piece
    }
    return nil
  }

  /// Adds what another has.
  ///
  /// - Returns: false if that is too much.
  public mutating func add(_ other: ErasedMemory) -> Bool {
    guard runs.count + other.runs.count <= Self.mostRuns else { return false }
    runs += other.runs
    finish()
    return true
  }

  /// Sorts the runs and frees them of overlaps; what is both erased and nullified is erased.
  mutating func finish() {
    let letters = Self.joined(runs.filter { $0.filling == Self.letter })
    let zeros = Self.joined(runs.filter { $0.filling != Self.letter })
    runs = (letters + Self.subtract(letters, from: zeros)).sorted { $0.start < $1.start }
  }

  private static func joined(_ runs: [Run]) -> [Run] {
    var result: [Run] = []
    for run in runs.sorted(by: { $0.start < $1.start }) {
      if let last = result.last, run.start <= last.end {
        result[result.count - 1].end = max(last.end, run.end)
      } else {
        result.append(run)
      }
    }
    return result
  }

  /// Cuts out of some runs what others cover; both are sorted and free of overlaps.
  private static func subtract(_ covering: [Run], from runs: [Run]) -> [Run] {
    var result: [Run] = []
    var index = 0
    for var run in runs {
      while index < covering.count, covering[index].end <= run.start { index += 1 }
      var next = index
      while next < covering.count, covering[next].start < run.end {
        if covering[next].start > run.start {
          result.append(Run(start: run.start, end: covering[next].start, filling: run.filling))
        }
        run.start = min(covering[next].end, run.end)
        next += 1
      }
      if run.start < run.end { result.append(run) }
    }
    return result
  }

  /// The first run that ends behind an address.
  @inline(__always)
  func first(endingAfter address: UInt64) -> Int {
    runs.partitionPoint(behind: { $0.end > address })
  }
}
