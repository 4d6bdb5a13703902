internal import DumpMemory

extension RepairPlan {
  /// Pages that nobody ever wrote, or that the kernel never used: what it saw in them was noise to it too.
  public var neverWrittenPages: Int { pages(left: .neverWritten) + pages(left: .neverUsed) }

  /// What is done, in one sentence: how much of what had content comes back, and where it had been.
  public var account: String {
    let decrypted = pages(left: .mappedDecrypted)
    let sound = pages(left: .undamaged)
    let content = actions.count - neverWrittenPages - decrypted - sound - pages(left: .absent)
    var text = "\(repairedPages) of \(content) pages of low memory with content are repaired"
    if neverWrittenPages > 0 { text += ", \(neverWrittenPages) were never written" }
    if sound > 0 { text += ", \(sound) made sense as they were" }
    if let backup {
      text += "; they had been saved at \(backup.address) (\(backup.evidence))"
    } else {
      text += "; to where they had been saved is not proven"
    }
    return text
  }

  /// The real-mode trampoline's pages, in words; nil if the dump has none.
  public var trampolineNote: String? {
    trampoline.map {
      "\(frames($0)) stays noise: the real-mode trampoline, which the crashed kernel had mapped decrypted, as every kernel"
        + " does; no data of its is lost"
    }
  }

  /// The pages whose content stays lost, by the reason, a line each; the trampoline is not among them.
  public var losses: [String] {
    LeaveReason.allCases.filter { $0.isLoss }.compactMap { reason in
      let ranges = ranges(left: reason)
      if ranges.isEmpty || reason == .mappedDecrypted && trampoline != nil { return nil }
      return ranges.map { frames($0) }.joined(separator: ", ") + ": " + reason.sentence
    }
  }

  private func frames(_ pages: Range<Int>) -> String {
    let first = start.rawValue / LowRegion.pageBytes
    func number(_ page: Int) -> String { "0x" + String(first + UInt64(page), radix: 16) }
    let last = pages.upperBound - 1
    return pages.count == 1 ? "pfn \(number(last))" : "pfn \(number(pages.lowerBound))-\(number(last))"
  }
}
