import DumpFixtures
import Foundation
import Testing

@Suite(
  "A vmcore's outputs are the same bytes each time, with one thread and with three, or by another program (VMSIEVE_BASE)",
  .enabled(if: !Lab.isSkipped))
struct OutputTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  /// A hash of each output, by its name.
  private func outputs(of vmcore: String, by program: String, threads: Int) throws -> [String: Substring] {
    let script = Lab.packageRoot.appending(path: "Tests/outputs").path
    let run = try ProgramRun.succeeding(
      script, [program, vmcore, "--num-threads", "\(threads)"], within: 600)
    var hashes: [String: Substring] = [:]
    for line in run.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      try #require(words.count == 2, "\(line)")
      hashes[String(words[0])] = words[1]
    }
    return hashes
  }

  private static let base = Lab.environment["VMSIEVE_BASE"].flatMap { $0.isEmpty ? nil : $0 }
  private static let damaged = "6.1 with its low memory damaged"
  private static let vmcores =
    Lab.isThorough || base != nil ? ["6.1", "6.12", "6.1-guest", damaged] : [damaged]

  @Test(arguments: vmcores)
  func same(name: String) throws {
    let words = name.split(separator: " ")
    guard Lab.hasVmcore(String(words[0])) else { return }
    let vmcore = try RealVmcore(String(words[0]))
    var path = vmcore.path
    if words.count > 1 {
      path = scratch.path("damaged")
      try EncryptedTwin(of: vmcore, at: path, TwinRecipe(tweaks: .published, seed: 5))
    }
    let one = try outputs(of: path, by: Lab.vmsieve, threads: 1)
    let other = try outputs(of: path, by: Self.base ?? Lab.vmsieve, threads: Self.base == nil ? 3 : 1)
    #expect(one.count >= 35 && one.count == other.count)
    for (output, hash) in other { #expect(one[output] == hash, "\(output) of \(name)") }
  }
}
