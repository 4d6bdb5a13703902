import DumpFixtures
import DumpMemory
import PageCompression

/// What is found of a dump whose descriptors are damaged: its pages, and no other.
///
/// The bytes of pages stay what they were, and no descriptor leads to another's page: whatever page comes out must be right.
public struct SalvageTarget: FuzzTarget {
  public static let name = "salvage"
  public static let input =
    "which dump (1), then damages of 6 bytes: what (1), of which page (1), a number (4)"
  public static let mostBytes = 256

  private enum Damage: UInt8, CaseIterable {
    /// A descriptor is zeros.
    case zeroed
    /// A field of a descriptor is another number.
    case offset, size, flags
    /// A byte of a descriptor is another.
    case byte
    /// The page that pages of zeros share is overwritten.
    case sharedPage
    /// The file ends early.
    case cut
    /// The dump is marked incomplete.
    case mark
    /// A frame is missing from the first bitmap.
    case firstBitmap
    /// A byte of the first block, or of the second, is another, or the whole block is zeros.
    case firstBlock, secondBlock
  }

  private let file = MemoryFile()
  private let dumps: [SmallDump]

  public init() {
    let frames = Array(1..<10) + Array(12..<24) + Array(stride(from: 30, to: 60, by: 3))
    let zeros: Set<Int> = [2, 5, 6, 13, 20, 33, 36, 57]
    dumps =
      [Codec.zlib, .lzo, .snappy, .zstd].map {
        SmallDump(frames: frames, zeros: zeros, codec: $0, hasRawZeros: true, hasNotesInFront: true)
      } + [
        SmallDump(
          frames: frames, zeros: zeros, codec: .lzo, split: 14..<40, hasRawZeros: true, hasNotesInFront: true)
      ]
  }

  public func seeds() -> [FuzzSeed] {
    dumps.indices.flatMap { index in
      let begin = [UInt8(index)]
      func damage(_ what: UInt8, _ which: UInt8, _ number: UInt8) -> [UInt8] {
        [what, which, number, 0, 0, 0]
      }
      return [
        FuzzSeed("plain-\(index)", begin), FuzzSeed("one-\(index)", begin + damage(0, 7, 0)),
        FuzzSeed("several-\(index)", begin + damage(0, 3, 0) + damage(1, 4, 9) + damage(0, 5, 0)),
        FuzzSeed("zeros-\(index)", begin + damage(0, 1, 0) + damage(5, 0, 9)),
        FuzzSeed("cut-\(index)", begin + damage(0, 7, 0) + damage(6, 0, 200)),
        FuzzSeed("first-\(index)", begin + [9, 0, 0, 255, 255, 0]),
        FuzzSeed("second-\(index)", begin + [10, 0, 0, 255, 255, 0] + damage(0, 5, 0)),
      ]
    }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let dump = dumps[Int(bytes.byte()) % dumps.count]
    let sound = dump.bytes
    var broken = sound
    while !bytes.isEmpty {
      let all = Damage.allCases
      Self.apply(
        all[Int(bytes.byte()) % all.count], Int(bytes.byte()) % dump.frames.count, bytes.number(),
        to: &broken,
        of: dump)
    }
    // One that leads to another's page is believed.
    for index in dump.frames.indices where Self.leadsAstray(index, broken, sound, count: dump.frames.count) {
      return
    }
    file.hold(broken)
    guard let store = try? SalvagedStore(salvaging: [file.path], threads: 1, progress: { _, _ in }) else {
      return
    }
    let memory = PhysicalMemory(store)
    let found = try memory.check((0..<UInt64(SmallDump.maxMapNumber)).map { PFN($0) })
    for (pfn, page) in found {
      let frame = Int(pfn.rawValue)
      try FuzzFinding.unless(dump.frames.contains(frame), "\(pfn) was found, and was never in the dump")
      try FuzzFinding.unless(page == dump.page(frame), "\(pfn) was found, and is not its page")
    }
    try FuzzFinding.unless(
      UInt64(found.count) == store.counts.pages - store.counts.lost,
      "\(found.count) pages can be read, and \(store.counts) were found")
  }

  /// Whether a descriptor that was changed leads to where another page begins.
  private static func leadsAstray(_ index: Int, _ broken: [UInt8], _ sound: [UInt8], count: Int) -> Bool {
    let place = SmallDump.descriptors + index * 24
    guard broken.count >= place + 8 else { return false }
    let offset = broken.loadLittleEndian(at: place, as: UInt64.self)
    guard offset != sound.loadLittleEndian(at: place, as: UInt64.self) else { return false }
    return (0..<count).contains {
      sound.loadLittleEndian(at: SmallDump.descriptors + $0 * 24, as: UInt64.self) == offset
    }
  }

  private static func apply(
    _ damage: Damage, _ index: Int, _ number: UInt32, to bytes: inout [UInt8], of dump: SmallDump
  ) {
    let place = SmallDump.descriptors + index * 24
    let shared = SmallDump.descriptors + dump.frames.count * 24
    switch damage {
    case _ where bytes.count < shared + SmallDump.block: return
    case .zeroed: bytes.replaceSubrange(place..<place + 24, with: repeatElement(0, count: 24))
    case .offset: bytes.storeLittleEndian(UInt64(number), at: place)
    case .size: bytes.storeLittleEndian(number, at: place + 8)
    case .flags: bytes.storeLittleEndian(number, at: place + 12)
    case .byte: bytes[place + Int(number >> 8 & 0xff) % 16] = UInt8(truncatingIfNeeded: number)
    case .sharedPage: bytes[shared + Int(number >> 8) % SmallDump.block] = UInt8(truncatingIfNeeded: number)
    case .cut: bytes.removeLast(min(Int(number & 0xffff), bytes.count - shared - SmallDump.block))
    case .mark: bytes[424] |= 8
    case .firstBlock: Self.change(0, number, of: &bytes, used: 464)
    case .secondBlock: Self.change(SmallDump.block, number, of: &bytes, used: 104 + SmallDump.notes.count)
    case .firstBitmap: bytes[2 * SmallDump.block + Int(number & 7)] &= ~(1 << UInt8(number >> 8 & 7))
    }
  }

  /// Changes a byte of a block, or makes all of it zeros.
  private static func change(_ block: Int, _ number: UInt32, of bytes: inout [UInt8], used: Int) {
    let place = Int(number >> 8 & 0xffff)
    if place < used {
      bytes[block + place] = UInt8(truncatingIfNeeded: number)
    } else {
      bytes.replaceSubrange(
        block..<block + SmallDump.block, with: repeatElement(0, count: SmallDump.block))
    }
  }
}
