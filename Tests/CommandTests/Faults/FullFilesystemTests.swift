import DumpFixtures
import Foundation
import Testing

/// A tmpfs, as dumps are made to in an initramfs, with room for a part of what is to be written.
@Suite(
  "A filesystem that is full anywhere in a dump leaves what says so",
  .enabled(if: FaultedRun.isPossible && MountedFilesystem.isPossible))
struct FullFilesystemTests {
  private static let pageSize = 4096
  /// Pages that the room grows by from run to run: 1 tries every place.
  private static let step = ProcessInfo.processInfo.environment["VMSIEVE_FAULTS"] == nil ? 9 : 1

  private static let scenarios = FaultScenario.all.filter { scenario in
    switch scenario.product {
    // What -f replaces takes room, too.
    case .dumps, .core, .stream, .replacement, .text: !scenario.arguments.contains("-f")
    case .besides, .answer: false
    }
  }

  @Test(arguments: scenarios)
  func `room for a part of it`(scenario: FaultScenario) throws {
    let filesystem = try MountedFilesystem(.tmpfs, byteCount: 32 << 20)
    let bench = try FaultBench(scenario, in: URL(filePath: filesystem.folder))
    let needed = scenario.outputs.reduce(0) {
      $0 + (bench.size("reference-\($1)") + Self.pageSize - 1) / Self.pageSize
    }
    try #require(needed > 0)
    var failures = 0
    for pages in stride(from: 0, to: needed, by: Self.step) {
      bench.removeOutputs()
      try bench.leaveRoom(pages * Self.pageSize)
      let run = try bench.run(nil)
      // 1, or 75 where another try may have room.
      if run.status != 0 { failures += 1 }
      // To read a hole of a file that is mapped takes room.
      try bench.leaveRoom(nil)
      let breach = try FaultJudge(bench: bench, fault: nil, run: run).breach()
      #expect(breach == nil, "\(pages) pages: \(run.ending), \(run.errors)")
    }
    // Holes take no room: some are done before there is as much as their files are long.
    #expect(failures > 0)
  }
}
