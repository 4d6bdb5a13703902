public import Vmcore

/// A place where the backup may lie, and who says so.
public struct BackupCandidate: Hashable, Sendable {
  /// Where the first address of the low region went.
  public let address: PhysicalAddress
  /// In words for the log: "kimage.segment[2]", "the end of crashk_res".
  public let evidence: String

  public init(address: PhysicalAddress, evidence: String) {
    self.address = address
    self.evidence = evidence
  }
}
