/// What is intact of a kdump-compressed dump, or of one file of a split one, and where.
final class SalvagedFile: Sendable {
  let dump: KdumpFile
  /// Frames whose pages were found.
  let found: PFNBitmap
  /// Those of them whose descriptors do not say where they are.
  let recovered: RecoveredPages
  let counts: SalvageCounts
  /// Why no page was looked for without its descriptor, in words that follow the path; nil where they were.
  let remark: String?

  init(
    _ dump: KdumpFile, found: consuming PFNBitmap, recovered: RecoveredPages, counts: SalvageCounts,
    remark: String?
  ) {
    self.dump = dump
    self.found = found
    self.recovered = recovered
    self.counts = counts
    self.remark = remark
  }
}
