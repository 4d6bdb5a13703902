public import DumpMemory

/// What the evidence in a low region says should be done to each of its pages.
public struct RepairPlan: Sendable {
  public let verdict: Verdict
  /// Of the region's first byte.
  public let start: PhysicalAddress
  public let byteCount: UInt64
  /// By page, the page of ``start`` first.
  public let actions: [PageAction]
  /// One for each constant that pages share, those of most pages first.
  public let classes: [ClassFinding]
  /// Where the backup lies, and who says so; nil if nothing proves the address to its highest bit.
  public let backup: BackupCandidate?
  /// Pages that make sense as they are: by fills, free pointers, kernel addresses.
  public let soundPages: Int
  /// Pages without any regular content as they are, of those that the kernel did not keep reserved.
  public let noisePages: Int
  /// The way to the verdict, a sentence a line, for a log.
  public let evidence: [String]

  /// What is done to the page that holds an address; nil outside the region.
  public func action(at address: PhysicalAddress) -> PageAction? {
    guard address.rawValue >= start.rawValue, address.rawValue - start.rawValue < byteCount else {
      return nil
    }
    return actions[Int(address.rawValue / LowRegion.pageBytes - start.rawValue / LowRegion.pageBytes)]
  }

  /// Where a page begins, counted from the page of ``start``.
  public func address(ofPage page: Int) -> PhysicalAddress {
    PhysicalAddress((start.rawValue / LowRegion.pageBytes + UInt64(page)) * LowRegion.pageBytes)
  }

  /// Pages whose bytes change.
  public var repairedPages: Int {
    actions.count { if case .xor = $0 { true } else { false } }
  }

  /// Pages whose bytes stay though content of the crashed kernel is lost with them, the trampoline left aside.
  public var lostPages: Int {
    guard verdict != .undamaged else { return 0 }
    let left = actions.count { if case .leave(let reason) = $0 { reason.isLoss } else { false } }
    return left - (trampoline?.count ?? 0)
  }

  /// Pages that stay for a reason.
  public func pages(left reason: LeaveReason) -> Int {
    actions.count { $0 == .leave(reason) }
  }

  /// The real-mode trampoline, if the kernel had mapped it decrypted: one run of a few pages, which every kernel with SME
  /// has (arch/x86/realmode/init.c, `setup_real_mode`), and whose content the kernel's image has too.
  public var trampoline: Range<Int>? {
    let ranges = ranges(left: .mappedDecrypted)
    guard ranges.count == 1, let only = ranges.first, only.count <= RepairPlan.largestTrampoline else {
      return nil
    }
    return only
  }

  private static let largestTrampoline = 8

  /// The pages that stay for a reason, counted from the page of ``start``.
  public func ranges(left reason: LeaveReason) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (page, action) in actions.enumerated() where action == .leave(reason) {
      if let last = ranges.last, last.upperBound == page {
        ranges[ranges.count - 1] = last.lowerBound..<page + 1
      } else {
        ranges.append(page..<page + 1)
      }
    }
    return ranges
  }
}
