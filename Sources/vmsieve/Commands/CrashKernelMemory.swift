internal import DumpMemory
internal import Platform

/// The memory that this machine holds back for its capture kernel: `Crash kernel` in /proc/iomem.
enum CrashKernelMemory {
  /// None where nothing is held back, or where the file does not tell (it does so to root only).
  static func frames(_ geometry: PageGeometry) -> [Range<PFN>] {
    guard let memory = try? IOMemory.ofThisMachine() else { return [] }
    return memory.ranges(named: "Crash kernel").map {
      PFN($0.lowerBound >> geometry.shift)..<PFN(($0.upperBound + 1) >> geometry.shift)
    }
  }
}
