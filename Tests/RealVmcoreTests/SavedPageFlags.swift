import DumpJudge
import Foundation
import Testing

/// What the kernel itself said of its pages seconds before it crashed: `/proc/kpageflags`, which the lab saves.
///
/// The file has a 64-bit word for each frame. Its bits up to 31 are the kernel's interface, the same in all releases
/// (include/uapi/linux/kernel-page-flags.h); PG_reserved is bit 32 and PG_private bit 35 in all that are tried here, but nobody
/// promised it (include/linux/kernel-page-flags.h). So this judge needs neither debug information nor another program that knows
/// the kernel. Between the file and the crash pages change: a few of each class may differ.
struct SavedPageFlags {
  private enum Bit {
    static let lru = 5
    static let slab = 7
    static let buddy = 10
    static let anonymous = 12
    static let swapCache = 13
    static let huge = 17
    static let poisoned = 19
    static let offline = 23
    static let reserved = 32
    static let privateData = 35
  }

  private enum Class: CaseIterable {
    case free, cache, privateCache, user, neverDumped, kernel

    /// The bits of a dump level that leave it out.
    var levels: Int {
      switch self {
      case .free: 16
      case .cache: 2 | 4
      case .privateCache: 4
      case .user: 8
      case .neverDumped: ~0
      case .kernel: 0
      }
    }
  }

  private let words: [UInt64]

  init(of vmcore: RealVmcore) throws {
    let folder = URL(filePath: vmcore.path).deletingLastPathComponent()
    let bytes = try Data(contentsOf: folder.appending(path: "kpageflags"))
    words = bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count & ~7, by: 8).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
      }
    }
    try #require(words.contains { $0 >> Bit.buddy & 1 == 1 }, "\(vmcore.name): no free page in kpageflags")
  }

  private func classOf(_ word: UInt64) -> Class {
    func has(_ bit: Int) -> Bool { word >> bit & 1 == 1 }
    if has(Bit.poisoned) || has(Bit.offline) { return .neverDumped }
    if has(Bit.buddy) { return .free }
    // Some kernels take a word of a slab for a mapping that says "anonymous".
    if has(Bit.slab) { return .kernel }
    if has(Bit.anonymous) || has(Bit.huge) { return .user }
    if has(Bit.lru) || has(Bit.swapCache) { return has(Bit.privateData) ? .privateCache : .cache }
    return .kernel
  }

  /// Expects a dump to have the pages that its level leaves of each class, and no others.
  func expectPages(
    of dump: String, from vmcore: RealVmcore, level: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let dumped = Set(try KdumpDump(dump).dumped.frames)
    var total: [Class: Int] = [:]
    var wrong: [Class: [UInt64]] = [:]
    for frame in vmcore.frames where frame < words.count {
      let word = words[Int(frame)]
      // The kernel keeps its own image to itself, but for what it freed.
      if vmcore.kernelImage.contains(frame), word >> Bit.reserved & 1 == 1 { continue }
      let kind = classOf(word)
      total[kind, default: 0] += 1
      if dumped.contains(frame) == (kind.levels & level != 0 || kind == .neverDumped) {
        wrong[kind, default: []].append(frame)
      }
    }
    for kind in Class.allCases {
      let count = total[kind, default: 0]
      let wrong = wrong[kind, default: []].sorted()
      // Loading the capture kernel, and the shell that crashes, allocate and free some.
      let first = wrong.prefix(8).map { "0x" + String($0, radix: 16) }.joined(separator: " ")
      #expect(
        wrong.count <= 200 + count / 25,
        "\(vmcore.name) -d \(level): \(wrong.count) of \(count) \(kind): \(first)",
        sourceLocation: sourceLocation)
    }
  }
}
