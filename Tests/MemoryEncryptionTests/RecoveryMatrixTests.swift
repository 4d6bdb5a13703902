import DumpMemory
import Foundation
import KernelModel
import Testing

@testable import MemoryEncryption

/// Every kind of machine against every kind of dump. The place of the encryption bit, or its absence from
/// VMCOREINFO, is no axis here: it decides how page tables are read, and nothing that this target looks at.
@Suite struct RecoveryMatrixTests {
  enum Place: String, CaseIterable {
    case kexecLoad = "kexec_load"
    case fileLoad = "file-load"
    case above4GiB = "above 4 GiB"

    var backup: UInt64 {
      switch self {
      case .kexecLoad: 0x2ff6_1000
      case .fileLoad: 0x2b00_0000
      case .above4GiB: 0x1_2b00_0000
      }
    }
  }

  /// What the kexec segments in the dump say of the backup.
  enum Image: String, CaseIterable { case match, absent, stale }

  struct Cell: MatrixCell, CustomStringConvertible {
    let mode: CipherMode
    let view: CaptureView
    let constants: SimulatedCrash.Constants
    let place: Place
    let untouched: Double
    let stale: Int
    let image: Image

    var axes: [String] {
      [
        mode.rawValue, view.rawValue, constants.rawValue, place.rawValue, "\(untouched)", "\(stale)",
        image.rawValue,
      ]
    }
    var description: String { axes.joined(separator: ", ") }

    static var all: [Cell] {
      var cells: [Cell] = []
      for mode in [CipherMode.xe, .xex] {
        for view in [CaptureView.encrypted, .decrypted] {
          for constants in SimulatedCrash.Constants.allCases {
            for place in Place.allCases {
              for untouched in [0, 0.5, 0.9, 1] {
                for stale in [0, 4] {
                  for image in Image.allCases {
                    cells.append(
                      Cell(
                        mode: mode, view: view, constants: constants, place: place, untouched: untouched,
                        stale: stale, image: image))
                  }
                }
              }
            }
          }
        }
      }
      return cells
    }

    func run() -> (count: RepairCount, recoverable: Int, verdict: Verdict) {
      var total = RepairCount()
      var recoverable = 0
      var verdict = Verdict.noEvidence
      for (seed, decrypted) in [(UInt64(11), Set<UInt64>()), (12, LowMemory.trampoline)] {
        let memory = LowMemory(seed: seed)
        let crash = SimulatedCrash(
          mode: mode, constants: constants, backup: place.backup, view: view, untouched: untouched,
          staleLines: stale, decrypted: decrypted, seed: seed)
        let outcome = crash.run(memory)
        let backups: [BackupCandidate] =
          switch image {
          case .match: [crash.stated]
          case .absent: []
          // The segments of an image that was loaded before.
          case .stale:
            [
              BackupCandidate(
                address: PhysicalAddress(place == .kexecLoad ? 0x36f0_0000 : 0x36f6_1000), certainty: .stated,
                evidence: "kimage.segment")
            ]
          }
        let plan = ConstantSolver(crash.region(outcome, memory, backups: backups)).plan()
        total += RepairCount(plan, outcome)
        recoverable += outcome.recoverable.count
        verdict = plan.verdict
      }
      return (total, recoverable, verdict)
    }

    /// Pages of both runs about whose constant the dump says too little.
    ///
    /// Under the alignments other than kexec_load's, two pages share their constant with none that prove it, and hold zeros;
    /// only the whole table, or memory that the kernel never wrote, tells what they are off by. 0x20000 and 0x60000 have one,
    /// too: a slab whose objects are all used up but for their free pointers, and compressed data. Free pointers give
    /// one half of a constant that has no period.
    var undetermined: Int {
      guard mode == .xe, view == .encrypted, place != .kexecLoad, untouched == 0 else { return 0 }
      return switch constants {
      case .random: 8
      case .published: place == .fileLoad ? 0 : 4
      case .periodic, .dependent: 4
      }
    }
  }

  /// VMSIEVE_ALL=1 runs all 864 cells, and prints them; else as many as hold every pair of values.
  @Test func `Every recoverable page comes back, and no page is changed falsely`() {
    let isWhole = ProcessInfo.processInfo.environment["VMSIEVE_ALL"] != nil
    for cell in isWhole ? Cell.all : Cell.pairs {
      let result = cell.run()
      if isWhole {
        print(
          "matrix: \(cell): \(result.count.repaired) repaired, \(result.count.unrepaired) unrepaired, "
            + "\(result.count.falselyChanged) falsely changed: \(result.verdict.rawValue)")
      }
      #expect(result.count.falselyChanged == 0, "\(cell)")
      #expect(result.count.unrepaired == cell.undetermined, "\(cell)")
      #expect(result.count.repaired == result.recoverable - cell.undetermined, "\(cell)")
    }
  }
}
