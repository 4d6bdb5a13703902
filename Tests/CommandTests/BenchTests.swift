import DumpFixtures
import Foundation
import Testing

@Suite("bench measures every codec and number of threads, and writes nothing")
struct BenchTests {
  private let folder: ScratchFolder
  private let vmcore: TemporaryFile

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: vmcore.path, in: folder)
  }

  private func answer(_ options: String) throws -> [String: Any] {
    let run = try shell("$v bench --json \(options) $core")
    #expect(run.status == 0, "\(run)")
    return try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  @Test("The sizes are those of the dumps that are then made", arguments: ["-d 31", "-d 1", "-d 0"])
  func sizes(level: String) throws {
    let answer = try answer("\(level) --num-threads 3")
    let runs = try #require(answer["runs"] as? [[String: Any]])
    #expect(runs.map { $0["threads"] as? Int } == (0..<5).flatMap { _ in [1, 2, 3] })
    #expect(try folder.contents.isEmpty)
    for (codec, option) in [("raw", ""), ("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z"), ("zlib", "-c")] {
      #expect(try shell("$v -f \(option) \(level) $core dump").status == 0)
      let size = try #require(
        try FileManager.default.attributesOfItem(atPath: folder.path("dump"))[.size] as? Int)
      let of = runs.filter { $0["codec"] as? String == codec }
      #expect(of.count == 3)
      for run in of {
        // Notes are not written, and descriptors are counted though a file has room for them as a hole.
        let bytes = try #require(run["dump_bytes"] as? Int)
        #expect(abs(bytes - size) < size / 50 + 16384, "\(codec): \(bytes) \(size)")
        #expect(try #require(run["bytes_per_second"] as? Int) > 0)
        #expect(try #require(run["peak_memory_bytes"] as? Int) > 1 << 20)
      }
    }
  }

  @Test("The line for kdump.conf is one that the program takes, of the shortest dump")
  func collector() throws {
    for speed in [1, 100_000] {
      let answer = try answer("--target-speed \(speed)")
      let line = try #require(answer["core_collector"] as? String)
      #expect(line.hasPrefix("core_collector vmsieve "))
      let options = line.dropFirst("core_collector vmsieve ".count)
      #expect(try shell("$v --check-params \(options) a b").status == 0, "\(line)")
      let runs = try #require(answer["runs"] as? [[String: Any]])
      let times = runs.compactMap { $0["dump_microseconds"] as? Int }
      let bytes = runs.compactMap { $0["dump_bytes"] as? Int }
      if speed == 1 {
        // A slow target wants few bytes, whatever they cost.
        #expect(answer["bottleneck"] as? String == "the target")
        #expect(try #require(times.min()) >= #require(bytes.min()))
      }
    }
    let text = try shell("$v bench $core")
    #expect(text.output.contains("core_collector vmsieve ") && text.output.contains("-z zstd"), "\(text)")
  }

  @Test("A dump is measured as if its pages were not compressed yet")
  func ofDump() throws {
    #expect(try shell("$v -l -d 31 $core dump").status == 0)
    let run = try shell("$v bench --json --num-threads 1 dump")
    let answer = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect((answer["runs"] as? [[String: Any]])?.count == 5)
    #expect(answer["kept_pages"] as? Int == answer["sampled_pages"] as? Int)
  }

  @Test("What cannot be measured is said")
  func refusals() throws {
    try folder.write("nothing", to: "text")
    for (line, word) in [
      ("bench text", "text"), ("bench absent", "No such file"),
      ("bench --target-speed 0 $core", "--target-speed"),
      ("bench -d 32 $core", "Dump_level(32) is invalid"), ("bench", "Commandline parameter is invalid"),
      ("bench $core $core", "Commandline parameter is invalid"),
    ] {
      let run = try shell("$v \(line)")
      #expect(run.status == 1 && (run.errors + run.output).contains(word), "\(line): \(run)")
    }
  }
}
