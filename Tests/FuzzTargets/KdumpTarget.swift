import DumpFixtures
import DumpMemory
import PageCompression
import Platform

/// A kdump-compressed dump: headers, bitmaps, descriptors, pages, and what is found of it when it is broken.
///
/// Blocks are mostly padding, in which a fuzzer would lose itself. An input leaves it out: both headers, the beginnings
/// of both bitmaps, then everything behind the bitmaps; where those lie is what the headers claim, as long as that is small.
public struct KdumpTarget: FuzzTarget {
  public static let name = "kdump"
  public static let input =
    "bytes to cut from the end (2), disk_dump_header (464), kdump_sub_header (104), 16 bytes of each bitmap, and what is"
    + " behind the bitmaps"
  public static let mostBytes = 8192

  private let file = MemoryFile()
  private static let bitmapBytes = 16
  /// A dump is no longer than that, whatever its headers claim.
  private static let mostBlocks = 16

  public init() {}

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    try Self.check(Self.dump(input), in: file)
  }

  /// Opens a dump, reads its pages, and reads them once more as from a broken one.
  static func check(_ dump: [UInt8], in file: MemoryFile) throws(FuzzFinding) {
    file.hold(dump)
    guard let memory = try? PhysicalMemory(opening: file.path, prefersMapping: true) else { return }
    let tried = memory.framesToTry(atMost: 128)
    let pages = try memory.check(tried)
    _ = memory.warnings
    _ = memory.notes.vmcoreinfo
    _ = memory.eraseInfo
    guard case .pages(let store) = memory.source else { return }
    _ = store.headerLines
    _ = store.formatDescription
    if let wanted = try? store.wantedFrames(), let described = try? store.describedFrames() {
      try FuzzFinding.unless(
        described.count <= wanted.count, "\(described.count) pages of \(wanted.count) have descriptors")
    }
    if let checker = try? PageChecker(memory, takesSums: true) {
      _ = try? checker.run(threads: 1) { _, _, _ in }
    }
    guard let salvaged = try? SalvagedStore(salvaging: [file.path], threads: 1, progress: { _, _ in }) else {
      return
    }
    let counts = salvaged.counts
    try FuzzFinding.unless(
      counts.whole + counts.recovered + counts.recoveredZeros <= counts.pages,
      "of \(counts.pages) pages more were found: \(counts)")
    for (pfn, page) in try PhysicalMemory(salvaged).check(tried) {
      // A page that lies where its descriptor says is the same, broken dump or not.
      if let own = pages[pfn] { try FuzzFinding.unless(own == page, "\(pfn) was found, and is another page") }
    }
  }

  /// Puts the padding back.
  static func dump(_ input: [UInt8]) -> [UInt8] {
    var bytes = InputBytes(input)
    let cut = Int(bytes.number(UInt16.self))
    let header = bytes.take(464)
    let subHeader = bytes.take(104)
    let bitmaps = [bytes.take(bitmapBytes), bytes.take(bitmapBytes)]
    func claim(_ offset: Int) -> Int {
      header.count >= offset + 4 ? Int(header.loadLittleEndian(at: offset, as: UInt32.self)) : 0
    }
    let claimedBlock = claim(428)
    let block = [4096, 8192, 16384].contains(claimedBlock) ? claimedBlock : 4096
    let subBlocks = min(max(claim(432), 1), mostBlocks)
    let bitmapBlocks = min(max(claim(436), 1), mostBlocks)
    var dump = [UInt8](repeating: 0, count: block * (1 + subBlocks + bitmapBlocks))
    func put(_ bytes: [UInt8], _ offset: Int) {
      dump.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    put(header, 0)
    put(subHeader, block)
    put(bitmaps[0], block * (1 + subBlocks))
    put(bitmaps[1], block * (1 + subBlocks + bitmapBlocks / 2))
    dump += bytes.rest
    return Array(dump.dropLast(min(cut, dump.count)))
  }
}
