import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Machines that differ in all that matters, on whole vmcores: every two properties meet in all their values.
///
/// A few by default; all with VMSIEVE_ALL=1.
@Suite("On any machine low memory is right or as it was", .serialized)
struct WholeVmcoreMatrixTests {
  struct Cell: CustomTestStringConvertible, Sendable {
    static let kernels = ["6.1-low", "6.12-low"].filter { Lab.hasVmcore($0) }
    /// kexec_load puts the backup at the end of the crashkernel memory; kexec_file_load of old at its begin; and
    /// the crashkernel memory may lie above 4 GiB.
    static let backups: [UInt64?] = [nil, 0x2b00_0000, 0x1_7f60_0000]
    static let untouched = [0, 0.5, 0.9, 1]
    static let bits: [(bit: Int, isStated: Bool)] = [(47, true), (51, true), (47, false)]

    static let all: [Cell] = {
      let sizes = [kernels.count, 2, 3, backups.count, 2, untouched.count, 2, bits.count, 3]
      let cells = kernels.isEmpty ? [] : Pairs.rows(sizes).map { Cell($0) }
      return Lab.isThorough ? cells : Array(cells.prefix(5))
    }()

    let kernel: String
    var recipe = TwinRecipe()

    init(_ row: [Int]) {
      kernel = Cell.kernels[row[0]]
      recipe.mode = SimulatedController.Mode.allCases[row[1]]
      recipe.tweaks = SimulatedController.Tweaks.allCases[row[2]]
      recipe.backup = Cell.backups[row[3]]
      recipe.readsEncrypted = row[4] == 0
      recipe.untouched = Cell.untouched[row[5]]
      recipe.staleLines = [0, 4][row[6]]
      (recipe.bit, recipe.statesMask) = Cell.bits[row[7]]
      recipe.image = TwinRecipe.KexecImage.allCases[row[8]]
    }

    /// Whether the bytes in the dump tell what they were: XE leaves one constant for each difference of addresses.
    var isRecoverable: Bool { recipe.mode == .xe && recipe.readsEncrypted }

    /// Whether all of it follows: constants of full width say nothing of those that no page shows, if nearly no page was
    /// written and the backup's place is not known.
    var isDetermined: Bool {
      recipe.tweaks != .random || recipe.untouched < 0.9 || recipe.image == .match
    }

    var testDescription: String {
      "\(kernel) \(recipe.mode) \(recipe.tweaks) backup \(recipe.backup.map { String($0, radix: 16) } ?? "own")"
        + " \(recipe.readsEncrypted ? "c1" : "c0") untouched \(recipe.untouched) stale \(recipe.staleLines)"
        + " bit \(recipe.bit)\(recipe.statesMask ? "" : " unsaid") image \(recipe.image)"
    }
  }

  @Test("No page changes but to what the first kernel saw", arguments: Cell.all)
  func cell(cell: Cell) throws {
    let vmcore = try RealVmcore(cell.kernel)
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    let twin = try EncryptedTwin(of: vmcore, at: damaged, cell.recipe)
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "0", damaged, scratch.path("dump")])
    let dump = try KdumpDump(scratch.path("dump"))

    var (repaired, left, unwritten) = (0, 0, 0)
    var wrong: [UInt64] = []
    for page in stride(from: 0, to: twin.truth.count, by: 4096) {
      let pfn = (twin.start + UInt64(page)) / 4096
      let content = try #require(try? dump.page(pfn))
      // Nobody can say what a stale line was.
      let lines = stride(from: page, to: min(page + 4096, twin.truth.count), by: 64).filter {
        !twin.staleLines.contains($0)
      }
      func isSame(as other: [UInt8]) -> Bool {
        other.withUnsafeBytes { other in
          content.withUnsafeBytes { content in
            lines.allSatisfy {
              memcmp(other.baseAddress! + $0, content.baseAddress! + ($0 - page), min(64, other.count - $0))
                == 0
            }
          }
        }
      }
      if isSame(as: twin.truth) {
        repaired += 1
      } else if isSame(as: twin.seen) {
        if twin.untouchedPages.contains(page) { unwritten += 1 } else { left += 1 }
      } else {
        wrong.append(pfn)
      }
    }
    #expect(wrong.isEmpty, "\(cell.testDescription): \(wrong.map { String($0, radix: 16) })")
    if Lab.isThorough {
      print(
        "matrix: \(cell.testDescription): repaired \(repaired), left \(left), never written \(unwritten), wrong \(wrong.count)"
      )
    }
    if cell.isRecoverable {
      #expect(repaired > 0, "\(cell.testDescription)")
      if cell.isDetermined { #expect(left == 0, "\(cell.testDescription): left \(left)") }
      if left + unwritten > 0 { expectLeftPages(left + unwritten, saidBy: run) }
    } else {
      #expect(repaired == 0)
      expectLeftPages(left + unwritten, saidBy: run)
    }
    // All else is as it was.
    let others = try judge(dump: dump, vmcore: RealVmcore(cell.kernel, at: damaged).elf)
    #expect(others.wrong.allSatisfy { $0 < 0xa0 }, "\(others)")
  }

  /// Pages that stay noise are lost, and warned of, or were never used by the kernel, and then no warning.
  private func expectLeftPages(_ left: Int, saidBy run: ProgramRun) {
    let number = #/(\d+) pages of low memory are noise and cannot be repaired without the key/#
    let lost = (try? number.firstMatch(in: run.errors)).flatMap { Int($0.1) } ?? 0
    #expect(lost <= left, "\(left) left: \(run.errors)")
    if lost < left {
      #expect(
        run.output.contains("were never written") || run.output.contains("the crashed kernel never used it"),
        "\(left) left: \(run.output)\(run.errors)")
    }
  }

  @Test("The table has every pair of values in every two columns")
  func pairs() {
    let sizes = [2, 2, 3, 3, 2, 4, 2, 3, 3]
    let rows = Pairs.rows(sizes)
    for first in sizes.indices {
      for second in sizes.indices where second > first {
        let seen = Set(rows.map { [$0[first], $0[second]] })
        #expect(seen.count == sizes[first] * sizes[second])
      }
    }
    #expect(rows.count < 30)
  }
}
