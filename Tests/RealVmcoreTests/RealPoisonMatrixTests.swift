import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// What kernels fill memory with, against how machines encrypt, what is known of the backup, and what the dump went
/// through before: low memory of real vmcores. Beside PoisonMatrixTests, whose memory is made up.
///
/// As many cells as hold every pair of values by default, on the vmcores that `make test` has; all cells on all vmcores with
/// VMSIEVE_SME_MATRIX=SEED or VMSIEVE_ALL=1, a line each.
@Suite("Whatever fills a real kernel's low memory, no page of it changes falsely")
struct RealPoisonMatrixTests {
  enum Content: String, CaseIterable, Sendable {
    case ordinary
    case zeroed
    case slabPoison = "slub_debug=P"
    case slabDebug = "slub_debug=FZPU"
    case pagePoison = "page_poison=1"
    case initOnFree = "init_on_free=1"

    /// The lab's name, behind the kernel's.
    var machine: String {
      switch self {
      case .ordinary, .zeroed: "low"
      case .slabPoison: "slub-p"
      case .slabDebug: "slub-fzpu"
      case .pagePoison: "page-poison"
      case .initOnFree: "init-on-free"
      }
    }
  }

  /// What the crash kernel's segments say of the backup's place.
  enum Hint: String, CaseIterable, Sendable { case known, unknown, wrong }

  enum View: String, CaseIterable, Sendable {
    case xe, xex
    case ciphertext = "C=0"
  }

  enum History: String, CaseIterable, Sendable {
    case damaged, undamaged
    case half = "half repaired"
    case misaligned
  }

  struct Machine: CustomTestStringConvertible, Sendable {
    let kernel: String
    let content: Content
    let cells: [Cell]

    var name: String { "\(kernel)-\(content.machine)" }
    var testDescription: String { "\(kernel) \(content.rawValue)" }
  }

  struct Cell: Sendable {
    let tweaks: SimulatedController.Tweaks
    let hint: Hint
    let view: View
    let history: History

    init(_ row: ArraySlice<Int>) {
      let row = Array(row)
      tweaks = SimulatedController.Tweaks.allCases[row[0]]
      hint = Hint.allCases[row[1]]
      view = View.allCases[row[2]]
      history = History.allCases[row[3]]
    }

    static let sizes = [
      SimulatedController.Tweaks.allCases.count, Hint.allCases.count, View.allCases.count,
      History.allCases.count,
    ]

    var name: String {
      [tweaks.rawValue, hint.rawValue, view.rawValue, history.rawValue].joined(separator: ", ")
    }
  }

  static let seed = Lab.environment["VMSIEVE_SME_MATRIX"].flatMap { UInt64($0) } ?? 71
  static let isWhole = Lab.isThorough || Lab.environment["VMSIEVE_SME_MATRIX"] != nil

  static let machines: [Machine] = {
    let contents = isWhole ? Content.allCases : [.ordinary, .zeroed]
    let pairs = ["6.1", "6.12"].flatMap { kernel in contents.map { (kernel, $0) } }
      .filter { Lab.hasVmcore("\($0)-\($1.machine)") }
    if pairs.isEmpty { return [] }
    let rows = isWhole ? all([pairs.count] + Cell.sizes) : Pairs.rows([pairs.count] + Cell.sizes)
    return pairs.enumerated().map { index, pair in
      Machine(
        kernel: pair.0, content: pair.1,
        cells: rows.filter { $0[0] == index }.map { Cell($0.dropFirst()) })
    }
  }()

  private static func all(_ sizes: [Int]) -> [[Int]] {
    sizes.reduce([[]]) { rows, size in rows.flatMap { row in (0..<size).map { row + [$0] } } }
  }

  @Test("No page changes but to what the first kernel saw", arguments: machines)
  func matrix(machine: Machine) throws {
    let matrix = try MatrixMachine(machine.name, isZeroed: machine.content == .zeroed)
    var random = SeededGenerator(seed: Self.seed)
    // Somewhere below 4 GiB, whose table is published, and where nobody would look for it.
    let elsewhere = 0x2000_0000 + random.next() & 0x1fff_f000
    var damages: [String: LowDamage] = [:]
    for cell in machine.cells {
      let backup = try cell.hint == .known ? matrix.twin.ownBackup : elsewhere
      matrix.twin.state(cell.hint == .unknown ? .absent : .stale, of: backup)
      let damage = try damage(matrix, cell, backup: backup, &damages)
      let isRecoverable =
        cell.view == .xe && (cell.history == .damaged || cell.history == .half)
      let count = try matrix.count(damage) {
        isRecoverable && !MatrixMachine.decrypted.contains($0)
      }
      if Self.isWhole {
        print(
          "sme-matrix: \(machine.testDescription), \(cell.name): repaired \(count.repaired), left \(count.left), "
            + "false \(count.falsely.count): \(count.verdict)")
      } else {
        try expectDump(matrix, "\(machine.testDescription), \(cell.name)")
      }
      #expect(
        count.falsely.isEmpty,
        "\(machine.testDescription), \(cell.name): \(count.falsely.map { String($0, radix: 16) })")
    }
  }

  /// What low memory holds that nothing damaged, and that has no zeros to show it.
  enum Sound: String, CaseIterable {
    /// Every block of one byte is noise.
    case noise = "noise for fills"
    /// Every block of one byte is another block, each page's own: what a page off by a constant looks like.
    case own = "a page's own block for fills"
    /// The same with one block for all pages.
    case common = "one block for fills"
    /// All is noise.
    case all = "noise"
  }

  @Test("Memory without zeros stays as it is where nothing damaged it", arguments: machines)
  func withoutZeros(machine: Machine) throws {
    let matrix = try MatrixMachine(machine.name, isZeroed: machine.content == .zeroed)
    for sound in Sound.allCases {
      for image in TwinRecipe.KexecImage.allCases {
        matrix.twin.state(image, of: try matrix.twin.ownBackup)
        let count = try matrix.count(LowDamage(undamaged: memory(sound, matrix))) { _ in false }
        if Self.isWhole {
          print(
            "sme-matrix: \(machine.testDescription), no zeros, \(image), \(sound.rawValue), undamaged: repaired "
              + "\(count.repaired), left 0, false \(count.falsely.count): \(count.verdict)")
        }
        #expect(
          count.falsely.isEmpty,
          "\(machine.testDescription), \(sound), \(image): \(count.falsely.map { String($0, radix: 16) })")
      }
    }
  }

  @Test(
    "A file of noise with some pages that prove a constant is not believed beyond these", arguments: machines)
  func crafted(machine: Machine) throws {
    let matrix = try MatrixMachine(machine.name, isZeroed: machine.content == .zeroed)
    let own = try matrix.twin.ownBackup
    for tweaks in SimulatedController.Tweaks.allCases {
      let recipe = TwinRecipe(tweaks: tweaks, decrypted: MatrixMachine.decrypted, seed: Self.seed)
      let real = try LowDamage(
        of: matrix.memory, at: matrix.twin.start, backup: own,
        controller: SimulatedController(.xe, tweaks, seed: Self.seed), recipe: recipe)
      for image in Self.isWhole ? TwinRecipe.KexecImage.allCases : [.match] {
        matrix.twin.state(image == .absent ? .absent : .match, of: image == .stale ? 0x36f6_1000 : own)
        for sound in [Sound.noise, .all] {
          let undamaged = try memory(sound, matrix)
          for planted in Self.planted {
            try expectCrafted(
              matrix, "\(machine.testDescription), \(tweaks.rawValue), \(image), \(sound.rawValue)",
              undamaged,
              planted, real)
          }
        }
      }
    }
  }

  private static let planted: [[UInt64]] = [
    [0x20], [0x20, 0x21], [0x20, 0x21, 0x22, 0x23], [0x18, 0x30, 0x50, 0x70],
  ]

  private func expectCrafted(
    _ matrix: MatrixMachine, _ name: String, _ undamaged: [UInt8], _ planted: [UInt64], _ real: LowDamage
  ) throws {
    var damage = LowDamage(undamaged: undamaged)
    for page in planted {
      let first = Int(page << 12 - matrix.twin.start)
      damage.replace(first..<first + 4096, seen: real.seen, truth: real.truth)
    }
    let count = try matrix.count(damage) { planted.contains($0 >> 12) }
    if Self.isWhole {
      print(
        "sme-matrix: \(name), \(planted.count) planted, crafted: repaired \(count.repaired), left \(count.left), false "
          + "\(count.falsely.count): \(count.verdict)")
    }
    #expect(count.falsely.isEmpty, "\(name), \(planted): \(count.falsely.map { String($0, radix: 16) })")
  }

  private func memory(_ sound: Sound, _ matrix: MatrixMachine) throws -> [UInt8] {
    var random = SeededGenerator(seed: Self.seed)
    var bytes = matrix.memory
    let common = (random.next(), random.next())
    bytes.withUnsafeMutableBytes { bytes in
      var own = common
      for place in stride(from: 0, to: bytes.count, by: 16) {
        if place % 4096 == 0 { own = (random.next(), random.next()) }
        let low = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        let high = bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)
        let isFill = low == high && low == (low & 0xff) &* 0x0101_0101_0101_0101
        guard isFill || sound == .all else { continue }
        let block =
          switch sound {
          case .noise, .all: (random.next(), random.next())
          case .own: own
          case .common: common
          }
        bytes.storeBytes(of: block.0, toByteOffset: place, as: UInt64.self)
        bytes.storeBytes(of: block.1, toByteOffset: place + 8, as: UInt64.self)
      }
    }
    return bytes
  }

  /// The low memory of a cell's dump. Those that differ in what is known only are simulated once.
  private func damage(
    _ matrix: MatrixMachine, _ cell: Cell, backup: UInt64, _ damages: inout [String: LowDamage]
  ) throws -> LowDamage {
    let moved = cell.history == .misaligned ? backup + 0x100 : backup
    let key = "\(cell.tweaks) \(cell.view) \(moved)"
    var damage: LowDamage
    if let known = damages[key] {
      damage = known
    } else {
      let recipe = TwinRecipe(
        mode: cell.view == .xex ? .xex : .xe, tweaks: cell.tweaks, readsEncrypted: cell.view != .ciphertext,
        untouched: 0.5, decrypted: MatrixMachine.decrypted, seed: Self.seed)
      let controller = SimulatedController(recipe.mode, recipe.tweaks, seed: recipe.seed)
      damage = try LowDamage(
        of: matrix.memory, at: matrix.twin.start, backup: moved, controller: controller, recipe: recipe)
      damages[key] = damage
    }
    var random = SeededGenerator(seed: Self.seed)
    switch cell.history {
    case .damaged, .misaligned: break
    case .undamaged: damage.repairPages { _ in true }
    case .half: damage.repairPages { _ in Bool.random(using: &random) }
    }
    return damage
  }

  /// The dump has what the plan made: what is counted here is what a user gets.
  private func expectDump(_ matrix: MatrixMachine, _ name: String) throws {
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "0", matrix.path, scratch.path("dump")])
    let dump = try KdumpDump(scratch.path("dump"))
    let output = matrix.lastOutput
    for page in stride(from: 0, to: output.count, by: 4096) {
      let content = try dump.page((matrix.twin.start + UInt64(page)) / 4096)
      let wanted = output[page..<min(page + 4096, output.count)]
      #expect(content.prefix(wanted.count).elementsEqual(wanted), "\(name): offset \(page)")
    }
  }
}
