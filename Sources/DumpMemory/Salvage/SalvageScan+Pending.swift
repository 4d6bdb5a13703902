internal import Platform

/// Pages whose descriptors say nothing or something wrong: they wait until the next page with a right one has been come to.
extension SalvageScan {
  /// Lets a page wait whose descriptor was taken for right as it begins where the page before ends: it leads to no page, and
  /// no other page begins where it ends.
  mutating func doubtUnconfirmed() {
    guard let (page, start) = unconfirmed else { return }
    unconfirmed = nil
    counts.damaged -= 1
    end = start
    pending.append(page)
  }

  mutating func wait(_ pfn: PFN, number: UInt64) {
    doubtUnconfirmed()
    if pending.count < Self.mostPending {
      pending.append(Pending(pfn: pfn, number: number))
    } else {
      isOverflown = true
    }
  }

  /// Comes to a page that is where its descriptor says.
  mutating func arrive(at descriptor: PageDescriptor) throws(SystemError) {
    if end != descriptor.offset { doubtUnconfirmed() }
    unconfirmed = nil
    if pending.isEmpty, let end, end != descriptor.offset {
      if end > descriptor.offset || recentZeros.isEmpty {
        breaks += 1
      } else {
        doubtZeros(upTo: descriptor.offset)
      }
    }
    if !pending.isEmpty { try close(upTo: descriptor.offset, isAtEnd: false) }
    recentZeros.removeAll(keepingCapacity: true)
    end = descriptor.range.upperBound
  }

  /// Lets pages wait that are said to be zeros: there are bytes that no page claims where a page that is not would have its
  /// own.
  mutating func doubtZeros(upTo limit: UInt64) {
    guard let start = end, let first = recentZeros.first, let last = recentZeros.last,
      !runs.holds(start..<limit, otherThan: first.number...last.number)
    else {
      breaks += 1
      return
    }
    for page in recentZeros where !isProven(page.pfn) && found.remove(page.pfn) {
      counts.whole -= 1
      pending.append(page)
    }
    recentZeros.removeAll(keepingCapacity: true)
  }

  /// Where nothing proves which bytes are whose, one that is said to be zeros may have some of them.
  mutating func loseZeros() {
    for page in recentZeros { doubt(page.pfn) }
  }

  /// Looks for the pages that are waiting in the bytes up to those of the next one.
  mutating func close(upTo limit: UInt64, isAtEnd: Bool) throws(SystemError) {
    var isSettled = true
    defer {
      pending.removeAll(keepingCapacity: true)
      isOverflown = false
    }
    guard let start = end, start <= limit, !isOverflown, !runs.isTooScattered, !isChanged else { return }
    if start < limit, !isAtEnd { isSettled = false }
    defer { if !isSettled { loseZeros() } }
    let numbers = pending[0].number...pending[pending.count - 1].number
    if start == limit {
      // In a dump that was cut, they may never have been written.
      guard hasSharedPage, !isAtEnd, !isMarked, dump.file.isWhole else { return }
      let zeroPage = PageDescriptor(offset: sharedPage, size: UInt32(dump.headers.blockSize), flags: .raw)
      for page in pending { recovered.append(page.pfn, zeroPage) }
      counts.recoveredZeros += UInt64(pending.count)
      return
    }
    guard !runs.holds(start..<limit, otherThan: numbers),
      let pages = try chain.pages(in: start..<limit, count: pending.count, hasZeroPages: !sharesZeros)
    else { return }
    for (page, descriptor) in zip(pending, pages) { recovered.append(page.pfn, descriptor) }
    counts.recovered += UInt64(pages.count)
    isSettled = true
  }
}
