internal import DumpMemory

extension Kernel {
  /// More things of a size than the dump can hold, whatever its lists and page tables claim.
  ///
  /// - Parameter size: bytes of one; what is smaller than a word counts as one.
  func mostObjects(of size: Int) -> Int { physical.most(ofBytes: max(size, 8)) }
}
