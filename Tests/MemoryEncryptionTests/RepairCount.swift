import DumpMemory
import KernelModel

@testable import MemoryEncryption

/// What a plan makes of a simulated crash, page by page.
struct RepairCount: Hashable {
  var repaired = 0
  var unrepaired = 0
  /// Pages that changed and did not become what the first kernel saw.
  var falselyChanged = 0

  init() {}

  init(_ plan: RepairPlan, _ crash: SimulatedCrash.Outcome) {
    let transform = PageTransform(plan)
    for address in LowMemory.pages {
      let offset = Int(address - LowMemory.start)
      let range = offset..<min(offset + 4096, crash.seen.count)
      var output = Array(crash.seen[range])
      _ = withMutableBytes(of: &output) {
        transform.apply(to: &$0, at: PhysicalAddress(address), attribute: .encrypted)
      }
      let isChanged = output != Array(crash.seen[range])
      var wanted = Array(crash.truth[range])
      for line in crash.stale where range.contains(line) {
        for index in line..<min(line + 64, range.upperBound) {
          wanted[index - offset] = output[index - offset]
        }
      }
      if !crash.recoverable.contains(address) {
        if isChanged, output != wanted { falselyChanged += 1 }
      } else if output == wanted {
        repaired += 1
      } else if isChanged {
        falselyChanged += 1
      } else {
        unrepaired += 1
      }
    }
  }

  static func += (left: inout RepairCount, right: RepairCount) {
    left.repaired += right.repaired
    left.unrepaired += right.unrepaired
    left.falselyChanged += right.falselyChanged
  }
}

extension SimulatedCrash {
  /// What a reader of the dump knows of it: how the pages were mapped, where slabs lie, and, perhaps, the backup.
  func region(
    _ outcome: Outcome, _ memory: LowMemory, backups: [BackupCandidate], hasSlabs: Bool = true
  ) -> LowRegion {
    var region = LowRegion(
      bytes: outcome.seen.span.bytes, start: PhysicalAddress(LowMemory.start), attribute: .encrypted)!
    for page in decrypted { region.setAttribute(.decrypted, ofPageAt: PhysicalAddress(page)) }
    region.backups = backups
    region.pointerTargets = LowMemory.pointerTargets
    if hasSlabs { region.slabs = memory.slabs }
    return region
  }

  var stated: BackupCandidate {
    BackupCandidate(address: PhysicalAddress(backup), certainty: .stated, evidence: "kimage.segment")
  }
}
