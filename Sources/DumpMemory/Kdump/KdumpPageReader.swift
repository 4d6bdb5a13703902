internal import Platform

/// One thread's ``KdumpPages``, as a source of memory has them.
final class KdumpPageReader: PageStoreReader {
  private var pages: KdumpPages

  init(
    _ dump: KdumpFile, access: MemoryAccess, recovered: RecoveredPages = RecoveredPages()
  ) throws(SystemError) {
    pages = try KdumpPages(dump, access: access, recovered: recovered)
  }

  func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
    try pages.read(pfn, into: &page)
  }

  func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    try pages.readStored(pfn, as: flags, into: &bytes)
  }
}
