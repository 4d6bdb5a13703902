public import DumpMemory
internal import Platform

/// What a dump's memory looks like to whoever knows nothing of it: a few pages from all over.
public struct MemorySurvey: Hashable, Sendable {
  public enum Look: Hashable, Sendable {
    case ordinary
    /// But for pages of one value, which nobody ever wrote, hardly any is regular.
    case ciphertext
    /// All of it is zeros.
    case empty
  }

  /// Pages that were read.
  public private(set) var pageCount = 0
  /// Those of nothing but zeros.
  public private(set) var zeroPages = 0
  /// Those of one block that comes again and again, zeros among them.
  public private(set) var uniformPages = 0
  /// Those without any regular content.
  public private(set) var noisePages = 0

  private static let wantedPages: UInt64 = 512
  /// Fewer pages say nothing. Any kernel has text, page tables and lists, and so regular pages: one of twenty is far below
  /// what was ever seen.
  private static let fewestPages = 64

  /// - Returns: nil where no memory can be had for reading.
  public init?(of memory: PhysicalMemory) {
    guard var reader = try? MemoryReader.scattered(memory) else { return nil }
    let step = max(memory.frames.count / Self.wantedPages, 1)
    var next: UInt64 = 0
    var passed: UInt64 = 0
    for range in memory.frames.ranges {
      let count = range.upperBound.rawValue - range.lowerBound.rawValue
      while next < passed + count {
        let pfn = PFN(range.lowerBound.rawValue + next - passed)
        if let blocks = try? reader.withPage(pfn, { Self.blocks(of: $0) }) { add(blocks) }
        next += step
      }
      passed += count
    }
  }

  private mutating func add(_ blocks: [Block]) {
    guard let first = blocks.first else { return }
    pageCount += 1
    if blocks.allSatisfy({ $0 == first }) {
      uniformPages += 1
      if first == .zero { zeroPages += 1 }
    } else if !PageShape.repeatsWords(blocks) {
      noisePages += 1
    }
  }

  private static func blocks(of page: RawSpan) -> [Block] {
    (0..<page.byteCount / Block.byteCount).map { page.block($0) }
  }

  /// Whether a page has no regular content: ciphertext, compressed data, or damage that no constant undoes.
  static func isNoise(_ page: RawSpan) -> Bool { !PageShape.repeatsWords(blocks(of: page)) }

  public var look: Look {
    if pageCount >= Self.fewestPages, zeroPages == pageCount { return .empty }
    let others = pageCount - uniformPages
    return others >= Self.fewestPages && noisePages * 20 >= others * 19 ? .ciphertext : .ordinary
  }

  /// For messages.
  public var counts: String {
    "of \(pageCount) pages from all over, \(noisePages) are noise and \(uniformPages) hold one value"
  }

  /// Why such a dump has no VMCOREINFO that can be read, in words that follow it; nil if memory is like any other.
  ///
  /// - Parameter isFromHost: whether a hypervisor made the dump.
  public func reasonForNoInfo(isFromHost: Bool) -> String? {
    switch look {
    case .ordinary: nil
    case .ciphertext:
      isFromHost
        ? "its memory looks like ciphertext (\(counts)), as a host's dump of a guest with encrypted memory (SEV) does;"
          + " only the guest's key could read it: collect inside of the guest"
        : "its memory looks like ciphertext (\(counts)), as it does where a capture kernel reads it without the"
          + " encryption bit (mem_encrypt=off, CONFIG_AMD_MEM_ENCRYPT); with a key and the kernel's VMCOREINFO (-i),"
          + " --sme-view c0 reads it"
    case .empty:
      "its memory is all zeros (\(pageCount) pages from all over), as in a host's dump of a guest whose memory is private"
        + " (SEV-SNP, TDX): collect inside of the guest"
    }
  }
}
