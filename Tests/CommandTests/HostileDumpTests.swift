import DumpFixtures
import Foundation
import Testing

/// Damaged dumps as input: filtered again, verified, asked for their log.
@Suite("Whatever a damaged dump says, the program ends soon, in bounded memory, and tells the truth")
struct HostileDumpTests {
  /// Damaged files of each kind; VMSIEVE_HOSTILE_RUNS asks for a longer hunt.
  private static let runs =
    ProcessInfo.processInfo.environment["VMSIEVE_HOSTILE_RUNS"].flatMap { UInt64($0) } ?? 12

  /// Sound dumps to damage: of two kernels, with and without zero pages, plain and flattened.
  private static let dumps: [(bytes: [UInt8], isFlattened: Bool)] = {
    var dumps: [([UInt8], Bool)] = []
    for generation in [KernelGeneration.v6_12, .v5_1] {
      var configuration = KernelConfiguration(generation)
      configuration.ram = [0..<256, 300..<420]
      let kernel = SyntheticKernel(configuration)
      kernel.setFree(pfn: 64, order: 4)
      kernel.setAnonymous(pfn: 32, order: 3)
      for options in [["-l", "-d", "1"], ["-z"], ["-c", "-d", "1", "-F"]] {
        let isFlattened = options.contains("-F")
        guard let folder = try? ScratchFolder(), let vmcore = try? kernel.vmcore().write() else { continue }
        let line = "exec \"$@\" > '\(folder.path("stream"))'"
        let operands = [vmcore.path] + (isFlattened ? [] : [folder.path("dump")])
        let run = try? ProgramUnderTest.run(
          "/bin/sh", ["-c", line, "sh", ProgramUnderTest.path, "--message-level", "0"] + options + operands)
        let path = folder.path(isFlattened ? "stream" : "dump")
        guard run?.status == 0, let bytes = try? Data(contentsOf: URL(filePath: path)) else { continue }
        dumps.append(([UInt8](bytes), isFlattened))
      }
    }
    return dumps
  }()

  @Test(arguments: DumpMutator.Kind.allCases)
  func `a damaged dump comes to a true dump or to a refusal`(kind: DumpMutator.Kind) throws {
    try #require(Self.dumps.count == 6)
    for seed in 0..<Self.runs {
      let (bytes, isFlattened) = Self.dumps[Int(seed) % Self.dumps.count]
      var mutator = DumpMutator(bytes, isFlattened: isFlattened, seed: seed)
      var random = SeededGenerator(seed: seed ^ 0x5eed)
      let options =
        ["-d", random.pick(["31", "1", "0"]), "--num-threads", random.pick(["1", "3"])]
        + random.pick([[], ["-c"], ["-l"], ["-z"]])
      try HostileRun(mutator.mutated(kind), options, name: "\(kind.rawValue) \(seed)").judge()
    }
  }

  @Test(arguments: DumpMutator.Kind.allCases)
  func `verify and the log's reader say one thing or another of it, and end`(kind: DumpMutator.Kind) throws {
    try #require(Self.dumps.count == 6)
    let folder = try ScratchFolder()
    let limits = "ulimit -c 0; ulimit -v \(HostileRun.addressSpace); exec \"$@\""
    for seed in 100..<100 + Self.runs / 2 {
      let (bytes, isFlattened) = Self.dumps[Int(seed) % Self.dumps.count]
      var mutator = DumpMutator(bytes, isFlattened: isFlattened, seed: seed)
      try Data(mutator.mutated(kind)).write(to: folder.url.appending(path: "dump"))
      let dump = folder.path("dump")
      for arguments in [["verify", dump], ["-f", "--dump-dmesg", dump, folder.path("log")]] {
        let limited =
          ["/usr/bin/timeout", "-s", "KILL", "\(HostileRun.seconds)", ProgramUnderTest.path] + arguments
        let run = try ProgramUnderTest.run(
          "/bin/sh", ["-c", limits, "sh"] + limited)
        #expect([0, 1, 2].contains(run.status), "\(kind) \(seed) \(arguments): \(run.errors)")
        #expect(!run.errors.contains("Fatal error"), "\(kind) \(seed) \(arguments[0])")
      }
    }
  }
}
