import DumpFixtures
import Testing

@Suite struct ProgramRunTests {
  @Test func `a program that a test runs hears every signal`() throws {
    let run = try ProgramRun(of: "/bin/grep", ["SigBlk", "/proc/self/status"])
    #expect(run.output == "SigBlk:\t0000000000000000\n")
  }
}
