internal import Platform
internal import Vmcore

/// The memory that this machine holds back for its capture kernel: `Crash kernel` in /proc/iomem.
enum CrashKernelMemory {
  /// None where nothing is held back, or where the file does not tell (it does so to root only).
  static func frames(_ geometry: PageGeometry) -> [Range<PFN>] {
    guard let text = try? TextFile.read("/proc/iomem") else { return [] }
    return frames(of: text, geometry)
  }

  /// `  0d000000-16ffffff : Crash kernel`; the last address belongs to the range.
  static func frames(of text: String, _ geometry: PageGeometry) -> [Range<PFN>] {
    var ranges: [Range<PFN>] = []
    for line in text.split(separator: "\n") where line.hasSuffix(": Crash kernel") {
      let ends = line.drop { $0 == " " }.prefix { $0 != " " }.split(separator: "-")
      guard ends.count == 2, let first = UInt64(ends[0], radix: 16), let last = UInt64(ends[1], radix: 16),
        first < last
      else { continue }
      ranges.append(PFN(first >> geometry.shift)..<PFN((last + 1) >> geometry.shift))
    }
    return ranges
  }
}
