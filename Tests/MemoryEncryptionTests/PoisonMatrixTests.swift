import DumpMemory
import Foundation
import KernelModel
import Testing

@testable import MemoryEncryption

/// What kernels fill memory with, against how machines encrypt, what is known of the backup, and what the dump went
/// through before: no page may ever change but to what the first kernel saw.
///
/// `make test` runs as many cells as hold every pair of values; `make sme-matrix` runs all and prints them:
/// VMSIEVE_SME_MATRIX=SEED.
@Suite struct PoisonMatrixTests {
  enum Content: String, CaseIterable {
    case ordinary
    case slabPoison = "slub_debug=P"
    case slabDebug = "slub_debug=FZPU"
    case pagePoison = "page_poison"
    case allPoison = "slub_debug=FZPU page_poison"
    /// No slab is known, and all that is free is zero.
    case zeroed

    func memory(_ seed: UInt64) -> LowMemory {
      let hardening: UInt64 = 0x1f3c_99d2_7e55_a0b7
      var memory = LowMemory(
        seed: seed, random: hardening, hasSlabs: self == .ordinary || self == .pagePoison)
      if self == .slabPoison || self == .slabDebug || self == .allPoison {
        for page in Array(UInt64(0x10)...0x2d) + Array(0x44...0x4f) {
          memory.addDebugSlab(
            at: page << 12, isFull: self != .slabPoison, hardening: hardening, seed: seed)
        }
      }
      if self == .pagePoison || self == .allPoison { memory.poisonFreePages() }
      return memory
    }
  }

  /// What somebody says of the backup's place.
  enum Hint: String, CaseIterable { case known, unknown, wrong }

  enum View: String, CaseIterable {
    case xe, xex
    case ciphertext = "C=0"
  }

  enum History: String, CaseIterable {
    case damaged, undamaged
    case half = "half repaired"
    case misaligned
  }

  struct Cell: MatrixCell, CustomStringConvertible {
    let content: Content
    let constants: SimulatedCrash.Constants
    let hint: Hint
    let view: View
    let history: History

    var axes: [String] {
      [content.rawValue, constants.rawValue, hint.rawValue, view.rawValue, history.rawValue]
    }
    var description: String { axes.joined(separator: ", ") }

    static var all: [Cell] {
      var cells: [Cell] = []
      for content in Content.allCases {
        for constants in SimulatedCrash.Constants.allCases {
          for hint in Hint.allCases {
            for view in View.allCases {
              for history in History.allCases {
                cells.append(
                  Cell(content: content, constants: constants, hint: hint, view: view, history: history))
              }
            }
          }
        }
      }
      return cells
    }

    static let seed =
      ProcessInfo.processInfo.environment["VMSIEVE_SME_MATRIX"].flatMap { UInt64($0) } ?? 71
    private static let backup: UInt64 = 0x2b00_0000

    func run() -> (count: RepairCount, verdict: Verdict) {
      let memory = content.memory(Cell.seed)
      let crash = SimulatedCrash(
        mode: view == .xex ? .xex : .xe, constants: constants,
        backup: history == .misaligned ? Cell.backup + 0x100 : Cell.backup,
        view: view == .ciphertext ? .decrypted : .encrypted, untouched: 0.5, decrypted: LowMemory.trampoline,
        seed: Cell.seed)
      var outcome = crash.run(memory)
      for (index, page) in LowMemory.pages.enumerated()
      where history == .undamaged || history == .half && index % 2 == 0 {
        let first = Int(page - LowMemory.start)
        let range = first..<min(first + 4096, outcome.seen.count)
        outcome.seen.replaceSubrange(range, with: outcome.truth[range])
        outcome.recoverable.remove(page)
      }
      if history == .misaligned { outcome.recoverable = [] }
      let places: [UInt64] =
        switch hint {
        case .known: [Cell.backup]
        case .unknown: []
        case .wrong: [0x36f6_1000]
        }
      let backups = places.map {
        BackupCandidate(address: PhysicalAddress($0), certainty: .stated, evidence: "a test")
      }
      let plan = ConstantSolver(crash.region(outcome, memory, backups: backups)).plan()
      return (RepairCount(plan, outcome), plan.verdict)
    }
  }

  @Test func `No page changes falsely, whatever fills memory`() {
    let isWhole = ProcessInfo.processInfo.environment["VMSIEVE_SME_MATRIX"] != nil
    for cell in isWhole ? Cell.all : Cell.pairs {
      let (count, verdict) = cell.run()
      if isWhole {
        print(
          "sme-matrix: made up \(cell): repaired \(count.repaired), left \(count.unrepaired), "
            + "false \(count.falselyChanged): \(verdict.rawValue)")
      }
      #expect(count.falselyChanged == 0, "\(cell)")
    }
  }

  /// Where constants depend on each other, one may be right for three quarters of each page.
  @Test(arguments: [Content.ordinary, .slabDebug, .allPoison], SimulatedCrash.Constants.allCases)
  func `Memory that was moved by a part of a page stays as it is`(
    content: Content, constants: SimulatedCrash.Constants
  ) {
    let cell = Cell(content: content, constants: constants, hint: .known, view: .xe, history: .misaligned)
    let (count, _) = cell.run()
    #expect(count.falselyChanged == 0)
  }

  @Test(arguments: Content.allCases)
  func `With the published constants and a known backup all comes back, whatever fills memory`(
    content: Content
  ) {
    let cell = Cell(content: content, constants: .published, hint: .known, view: .xe, history: .damaged)
    let (count, _) = cell.run()
    #expect(count.falselyChanged == 0)
    #expect(count.unrepaired == 0)
    #expect(count.repaired > LowMemory.pages.count / 2)
  }
}
