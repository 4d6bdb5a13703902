enum KernelPointer {
  /// Whether a word can be the address of kernel data: the upper half of the address space.
  static func isPlausible(_ word: UInt64) -> Bool { word >> 63 == 1 && word & 7 == 0 }
}
