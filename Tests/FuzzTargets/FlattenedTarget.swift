import DumpFixtures
import DumpMemory
import PageCompression
import Platform

/// A flattened stream, and what lies in it.
///
/// An input leaves out the padding of the stream's header.
public struct FlattenedTarget: FuzzTarget {
  public static let name = "flattened"
  public static let input =
    "makedumpfile_header without its padding (32), then the stream's records"
  public static let mostBytes = 8192

  private let file = MemoryFile()
  /// What is compared byte by byte.
  private static let mostCompared: UInt64 = 1 << 20

  public init() {}

  public func seeds() -> [FuzzSeed] {
    var out: [FuzzSeed] = []
    for codec in [Codec.zlib, .zstd] {
      let dump = SmallDump(codec: codec).bytes
      // As a writer sends it: what is known late comes behind.
      let pieces = [4096..<4096 + 104, 8192..<8192 + 16, 12288..<12288 + 16, 16384..<dump.count, 0..<464]
      let stream = Self.header + pieces.flatMap { Self.record($0.lowerBound, Array(dump[$0])) } + Self.end
      out += [FuzzSeed("\(codec.name)", stream), FuzzSeed("\(codec.name)-cut", Array(stream.dropLast(50)))]
    }
    let overlapping: [(Int, [UInt8])] = [
      (0, [1, 1, 1, 1, 1, 1]), (2, [2, 2]), (9, [3]), (1, [4, 4, 4]), (30, [5, 5]), (3, [6]),
    ]
    let small = Self.header + overlapping.flatMap { Self.record($0.0, $0.1) }
    return out + [FuzzSeed("overlapping", small + Self.end), FuzzSeed("without-end", small)]
  }

  private static var header: [UInt8] {
    Array("makedumpfile".utf8) + [0, 0, 0, 0] + bigEndian(1) + bigEndian(1)
  }

  private static var end: [UInt8] { bigEndian(-1) + bigEndian(-1) }

  private static func record(_ target: Int, _ bytes: [UInt8]) -> [UInt8] {
    bigEndian(target) + bigEndian(bytes.count) + bytes
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    let stream = Self.stream(input)
    file.hold(stream)
    guard let opened = try? InputFile(opening: file.path), opened.isFlattened else { return }
    let records = Self.records(of: stream)
    try FuzzFinding.unless(
      opened.size == records.map { $0.target + UInt64($0.bytes.count) }.max() ?? 0,
      "the rearranged dump has \(opened.size) bytes")
    if opened.size <= Self.mostCompared { try Self.compare(opened, records) }
    _ = opened.warnings
    guard let memory = try? PhysicalMemory(opening: file.path, prefersMapping: true) else { return }
    _ = try memory.check(memory.framesToTry(atMost: 64))
    if case .pages = memory.source { try KdumpTarget.check(stream, in: file) }
  }

  /// Puts the header's padding back.
  static func stream(_ input: [UInt8]) -> [UInt8] {
    let header = Array(input.prefix(32))
    return header + [UInt8](repeating: 0, count: 4096 - header.count) + input.dropFirst(32)
  }

  private struct Record {
    let target: UInt64
    let bytes: ArraySlice<UInt8>
  }

  /// The records as the format has them, read in the simplest way.
  private static func records(of stream: [UInt8]) -> [Record] {
    func number(_ at: Int) -> Int64 {
      (0..<8).reduce(Int64(0)) { $0 << 8 | Int64(stream[at + $1]) }
    }
    var records: [Record] = []
    var at = 4096
    while at + 16 <= stream.count {
      let (target, count) = (number(at), number(at + 8))
      guard target >= 0, count > 0, !target.addingReportingOverflow(count).overflow else { break }
      let present = min(Int(clamping: count), stream.count - at - 16)
      if present > 0 {
        records.append(Record(target: UInt64(target), bytes: stream[at + 16..<at + 16 + present]))
      }
      at += 16 + present
    }
    return records
  }

  private static func read(_ file: InputFile, into bytes: inout [UInt8]) -> Int {
    var span = bytes.mutableSpan
    var target = span.mutableBytes
    return (try? file.read(into: &target, at: FileOffset(0))) ?? -1
  }

  /// Where several records hold a byte, the last counts; where none does, there is a zero, and a hole.
  private static func compare(_ file: InputFile, _ records: [Record]) throws(FuzzFinding) {
    let size = Int(file.size)
    var expected = [UInt8](repeating: 0, count: size)
    var isHeld = [Bool](repeating: false, count: size)
    for record in records {
      for (index, byte) in record.bytes.enumerated() {
        expected[Int(record.target) + index] = byte
        isHeld[Int(record.target) + index] = true
      }
    }
    var actual = [UInt8](repeating: 0xee, count: size)
    let count = Self.read(file, into: &actual)
    try FuzzFinding.unless(count == size, "\(count) of \(size) bytes were read")
    try FuzzFinding.unless(actual == expected, "the rearranged dump is another")
    var at: UInt64 = 0
    while at < file.size {
      let data = file.nextData(in: at..<file.size)
      try FuzzFinding.unless(
        data.lowerBound >= at && data.upperBound <= file.size
          && (!data.isEmpty || data.lowerBound == file.size),
        "data at \(data) is looked for from \(at) on")
      let hole = Int(at)..<Int(data.lowerBound)
      try FuzzFinding.unless(!isHeld[hole].contains(true), "\(hole) is called a hole")
      try FuzzFinding.unless(
        !isHeld[Int(data.lowerBound)..<Int(data.upperBound)].contains(false), "\(data) is called data")
      at = data.upperBound
    }
  }
}
