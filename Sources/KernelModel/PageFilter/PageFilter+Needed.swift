internal import DumpMemory

extension PageFilter {
  private static let rules: [DumpLevel] = [.cache, .privateCache, .userData, .freePages]

  /// Looks whether the rules took what every reader needs: by those that did, pages of this kernel cannot be judged, and all
  /// is judged anew without them.
  ///
  /// - Parameters:
  ///   - frames: what the level left of the memory's own.
  ///   - before: the report as it was before anything was left out.
  static func keep(
    _ needed: borrowing NeededFrames, ground: Ground, level: DumpLevel, in frames: inout PFNBitmap,
    before: FilterReport, report: inout FilterReport, memory: inout KernelMemory
  ) throws(VmcoreError) {
    var wanted = try ground.physical.wantedFrames()
    if needed.missing(in: frames, of: wanted).count == 0 { return }
    // What is faulty, or was given back to a hypervisor, is left out at any level.
    var unused = FilterReport()
    try scan(ground, level: [], from: &wanted, report: &unused, in: &memory)
    var again = before
    for rule in rules where level.contains(rule) {
      var left = try ground.physical.wantedFrames()
      try scan(ground, level: rule, from: &left, report: &unused, in: &memory)
      let taken = needed.missing(in: left, of: wanted)
      if let first = taken.first { again.warn(dropping: rule, count: taken.count, first: first) }
    }
    if again.droppedRules.isEmpty { return }
    frames = try ground.physical.wantedFrames()
    report = again
    try scan(
      ground, level: level.subtracting(again.droppedRules), from: &frames, report: &report, in: &memory)
  }
}
