import Foundation
import FuzzTargets
import Testing

@Suite("What once failed, and what fuzzing begins with, comes through")
struct RegressionTests {
  static let targets = FuzzTargets.all.map { $0.name }

  private func target(_ name: String) throws -> any FuzzTarget {
    try #require(FuzzTargets.all.first { $0.name == name }).init()
  }

  @Test(arguments: targets)
  func seeds(name: String) throws {
    let target = try target(name)
    let seeds = target.seeds()
    #expect(!seeds.isEmpty)
    for seed in seeds {
      #expect(seed.bytes.count <= type(of: target).mostBytes, "\(seed.name) is cut by a fuzzer")
      #expect(throws: Never.self, "\(seed.name)") { try target.run(seed.bytes) }
    }
    // No input changes what another comes to.
    for seed in seeds.reversed() {
      #expect(throws: Never.self, "\(seed.name)") { try target.run(seed.bytes) }
    }
  }

  /// The files that `make fuzz` leaves in Fuzzing/Found belong here when what they showed is mended.
  @Test(arguments: targets)
  func regressions(name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Regressions/\(name)")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    let target = try target(name)
    for file in files.sorted(by: { $0.path < $1.path }) {
      let input = try Array(Data(contentsOf: file))
      let begin = ContinuousClock.now
      #expect(throws: Never.self, "\(file.lastPathComponent)") { try target.run(input) }
      #expect(ContinuousClock.now - begin < .seconds(10), "\(file.lastPathComponent) takes too long")
    }
  }
}
