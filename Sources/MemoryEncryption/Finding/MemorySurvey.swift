public import DumpMemory
internal import Platform

/// What a dump's memory looks like to whoever knows nothing of it: a few pages from all over.
public struct MemorySurvey: Hashable, Sendable {
  public enum Look: Hashable, Sendable {
    case ordinary
    /// But for pages of one value, which nobody ever wrote, hardly any is regular.
    case ciphertext
    /// It is zeros, all of it or but for what is shared.
    case empty
  }

  /// What the page tables look like that processors use, if a hypervisor tells where they are.
  private enum Tables: Hashable, Sendable {
    case unknown
    /// A processor runs on such memory: it is what it was.
    case readable
    case noise, zeros
    /// No processor translates addresses, or its registers cannot be seen.
    case unused
  }

  /// Pages that were read.
  public private(set) var pageCount = 0
  /// Those of nothing but zeros.
  public private(set) var zeroPages = 0
  /// Those of one block that comes again and again, zeros among them.
  public private(set) var uniformPages = 0
  /// Those without any regular content.
  public private(set) var noisePages = 0
  private var tables = Tables.unknown
  /// Whether a hypervisor made the dump.
  let isFromHost: Bool

  private static let wantedPages: UInt64 = 512
  /// Fewer pages say nothing. Any kernel has text, page tables and lists, and so regular pages: one of twenty is far below
  /// what was ever seen.
  private static let fewestPages = 64

  /// - Returns: nil where no memory can be had for reading.
  public init?(of memory: PhysicalMemory) {
    guard var reader = try? MemoryReader.scattered(memory) else { return nil }
    isFromHost = memory.notes.hasHypervisorState
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
    tables = Self.tables(of: memory, &reader)
  }

  private static func tables(of memory: PhysicalMemory, _ reader: inout MemoryReader) -> Tables {
    let roots = memory.notes.hypervisorTables
    let used = roots.compactMap { $0 }
    if used.isEmpty { return roots.isEmpty ? .unknown : .unused }
    var found: Set<Tables> = []
    for root in used {
      let blocks = try? reader.withPage(memory.geometry.pfn(of: root)) { Self.blocks(of: $0) }
      guard let blocks else { continue }
      let isZero = blocks.allSatisfy { $0 == .zero }
      found.insert(isZero ? .zeros : PageShape.repeatsWords(blocks) ? .readable : .noise)
    }
    return [.readable, .noise, .zeros].first { found.contains($0) } ?? .unknown
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
    let others = pageCount - uniformPages
    let isMostlyNoise = noisePages * 2 > others
    let isMostlyZero = pageCount >= Self.fewestPages && zeroPages * 2 > pageCount
    switch tables {
    case .readable: return .ordinary
    // What a guest shares with its host is as it is: its bounce buffers alone are 6 % of memory, and 64 MiB at least
    // (`sev_setup_arch`, 5.11; `mem_encrypt_setup_arch`, 6.9).
    case .noise where isMostlyNoise: return .ciphertext
    case .unused where isMostlyNoise && others >= Self.fewestPages: return .ciphertext
    case .zeros where isMostlyZero, .unused where isMostlyZero: return .empty
    case .unknown, .noise, .zeros, .unused: break
    }
    if pageCount >= Self.fewestPages, zeroPages == pageCount { return .empty }
    return others >= Self.fewestPages && noisePages * 20 >= others * 19 ? .ciphertext : .ordinary
  }

  /// For messages.
  public var counts: String {
    "of \(pageCount) pages from all over, \(noisePages) are noise and \(uniformPages) hold one value"
      + (tables == .noise ? ", and the processors' page tables are noise" : "")
  }

  /// Why such a dump has no VMCOREINFO that can be read, in words that follow it; nil if memory is like any other.
  public var reasonForNoInfo: String? {
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
      "its memory is zeros (\(zeroPages) of \(pageCount) pages from all over), as in a host's dump of a guest whose memory is"
        + " private (SEV-SNP, TDX)\(tables == .unused ? ", or of a machine that runs no kernel yet" : "");"
        + " but for what a guest shares, nobody else can read it: collect inside of the guest"
    }
  }
}
