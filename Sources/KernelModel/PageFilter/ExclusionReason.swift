/// Why a page is left out of the dump.
public enum ExclusionReason: Int, CaseIterable, Sendable {
  case cache
  case privateCache
  case user
  case free
  /// The machine found its memory cell faulty; to read it may stop the machine again.
  case hwpoison
  /// Given back to a hypervisor (balloon, virtio-mem).
  case offline
}
