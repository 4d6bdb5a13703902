/// What reading the pages of one stretch of frames came to.
public struct CheckedBlock {
  public internal(set) var check = PageCheck()
  /// Every page that could not be had, in order.
  public internal(set) var failed: [PFN] = []
  /// Every page of zeros, in order.
  public internal(set) var zeros: [PFN] = []
  /// The hashes of the others, where they are asked for.
  public internal(set) var sums = PageSumBlock()

  mutating func begin(_ number: UInt64) {
    check = PageCheck()
    failed.removeAll(keepingCapacity: true)
    zeros.removeAll(keepingCapacity: true)
    sums.begin(number)
  }
}
