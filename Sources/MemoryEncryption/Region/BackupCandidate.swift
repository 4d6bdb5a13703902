public import DumpMemory

/// A place where the backup may lie, and who says so.
public struct BackupCandidate: Hashable, Sendable {
  public enum Certainty: String, Hashable, Sendable {
    /// Somebody knows: the kexec segment of the region's size, or the user. It decides between answers that the rest
    /// of the evidence leaves open, and is denied where the rest speaks against it.
    case stated
    /// A usual place, worth trying.
    case guessed
  }

  /// Where the first address of the low region went.
  public let address: PhysicalAddress
  /// In words for the log: "kimage.segment[2]", "the end of crashk_res".
  public let evidence: String
  public let certainty: Certainty

  public init(address: PhysicalAddress, certainty: Certainty, evidence: String) {
    self.address = address
    self.certainty = certainty
    self.evidence = evidence
  }
}
