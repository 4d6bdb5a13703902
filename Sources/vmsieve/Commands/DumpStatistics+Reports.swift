internal import DumpMemory
internal import DumpPipeline
internal import KernelModel

extension DumpStatistics {
  /// Puts together what the filter and the pipeline counted.
  init(
    _ frames: PFNRanges, filtered: FilterReport, copied: PipelineReport,
    inOtherParts: UInt64 = 0, bytesWritten: UInt64
  ) {
    totalPFNs = frames.maxMapNumber
    holePFNs = frames.maxMapNumber - frames.count
    zeroPages = copied.zeroPages + copied.excludedZeroPages
    cachePages = filtered[.cache]
    privateCachePages = filtered[.privateCache]
    userPages = filtered[.user]
    freePages = filtered[.free]
    hwpoisonPages = filtered[.hwpoison]
    offlinePages = filtered[.offline]
    remainingPages = copied.writtenPages - copied.zeroPages
    unacceptedPages = filtered.unaccepted
    unreadablePages = copied.lost.unreadable
    missingPages = copied.lost.missing
    pagesInOtherParts = inOtherParts
    pagesNotInFile = filtered.notInFile
    keptKernelImagePages = filtered.keptInKernelImage
    self.bytesWritten = bytesWritten
  }
}
