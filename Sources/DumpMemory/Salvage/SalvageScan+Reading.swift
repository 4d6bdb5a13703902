internal import Platform

extension SalvageScan {
  /// Reads all pages, and finds out which are none, which are zeros, and what a manifest says of them.
  mutating func readPages(
    _ sums: String?, threads: Int, _ progress: (UInt64, UInt64) -> Void
  ) throws(VmcoreError) {
    let checker = try PageChecker(PhysicalMemory(store), takesSums: sums != nil)
    var comparison = try PageSumComparison(opening: sums, store.geometry)
    _ = try checker.run(threads: threads) { (block, done, total) throws(VmcoreError) in
      try comparison?.add(block.sums) { pfn, isSame in
        if isSame {
          proven.insert(pfn)
        } else {
          failed.insert(pfn)
          counts.changed += 1
        }
      }
      for pfn in block.failed { failed.insert(pfn) }
      for pfn in block.zeros { zeros.insert(pfn) }
      progress(done, total)
    }
  }

  /// Loses what was found without its descriptor and is not what a manifest says.
  mutating func checkRecovered(_ sums: String) throws(VmcoreError) {
    guard !recovered.isEmpty else { return }
    var comparison = try PageSumComparison(PageSumsReader(opening: sums, store.geometry))
    var wrong = try Self.emptySet(dump.headers.maxMapNumber)
    let recovered = recovered
    var pages = try VmcoreError.wrapping { () throws(SystemError) in
      try KdumpPages(dump, access: .sequential, recovered: recovered)
    }
    var buffer = try VmcoreError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: dump.pageSize)
    }
    var hash = SHA256()
    var block = PageSumBlock()
    func compareBlock() throws(VmcoreError) {
      try comparison.add(block) { pfn, isSame in
        if !isSame { wrong.insert(pfn) }
      }
    }
    try recovered.forEach { (pfn) throws(VmcoreError) in
      let number = pfn.rawValue / PageSums.framesOfBlock
      if number != block.number {
        try compareBlock()
        block.begin(number)
      }
      var page = buffer.mutableBytes
      try pages.read(pfn, into: &page)
      block.add(pfn, buffer.bytes, &hash)
    }
    try compareBlock()
    var counts = counts
    var kept = recovered
    kept.remove { pfn, descriptor in
      guard wrong.contains(pfn) else { return false }
      counts.changed += 1
      if isShared(descriptor) { counts.recoveredZeros -= 1 } else { counts.recovered -= 1 }
      return true
    }
    self.counts = counts
    self.recovered = kept
  }
}
