import DumpFixtures
import Foundation
import Glibc
import Testing

/// Pipes whose other end takes its time, or has set them not to block.
@Suite("A stream whose other end blocks is waited for", .enabled(if: FaultedRun.isPossible))
struct BlockingStreamTests {
  private let bench: FaultBench

  init() throws {
    bench = try FaultBench(FaultScenario("-F", "-F -d 0 --num-threads 2 core", makes: .stream))
  }

  /// Both ends of a pipe of 64 KiB, less than any stream has.
  private func pipe(blocking: Bool) throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      if !blocking { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    }
    return (ends[0], ends[1])
  }

  private func run(_ arguments: [String], input: Int32, output: Int32) throws -> FaultedRun {
    try FaultedRun(
      arguments, fault: nil, streams: (input, output), errors: bench.folder.path("errors"),
      in: bench.folder.url.path)
  }

  @Test("-F into a pipe that is read late and slowly", arguments: [true, false])
  func slowReader(blocking: Bool) throws {
    let (reading, writing) = try pipe(blocking: blocking)
    let path = bench.folder.path("arrived")
    let reader = Thread {
      usleep(300_000)
      let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      var piece = [UInt8](repeating: 0, count: 10_000)
      while true {
        let count = read(reading, &piece, piece.count)
        if count == 0 { break }
        if count > 0 { _ = write(file, piece, count) } else { usleep(1000) }
      }
      close(file)
      close(reading)
    }
    reader.start()
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    let run = try run(bench.scenario.arguments, input: null, output: writing)
    close(null)
    close(writing)
    while !reader.isFinished { usleep(1000) }
    #expect(run.status == 0 && run.errors == "", "\(run)")
    #expect(try Data(contentsOf: bench.folder.url("arrived")) == bench.references["out"])
  }

  @Test("-R from a pipe that is written late and in pieces", arguments: [true, false])
  func slowWriter(blocking: Bool) throws {
    let (reading, writing) = try pipe(blocking: blocking)
    let stream = try #require(bench.references["out"])
    let writer = Thread {
      usleep(300_000)
      stream.withUnsafeBytes { bytes in
        var done = 0
        while done < bytes.count {
          let count = write(writing, bytes.baseAddress! + done, min(bytes.count - done, 30_000))
          if count > 0 { done += count } else { usleep(1000) }
        }
      }
      close(writing)
    }
    writer.start()
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    let run = try run(["--message-level", "4", "-R", "back"], input: reading, output: null)
    close(null)
    close(reading)
    while !writer.isFinished { usleep(1000) }
    #expect(run.status == 0 && run.errors == "", "\(run)")
    #expect(
      try Data(contentsOf: bench.folder.url("back"))
        == Data(contentsOf: bench.folder.url("reference-rearranged-out")))
  }

  @Test("Where nobody ever reads, SIGTERM ends it, and what was sent has no end record")
  func deaf() throws {
    let run = try ProgramUnderTest.bash(
      "mkfifo deaf; exec 9<> deaf; env --default-signal=TERM $v -F -d 0 core > deaf & p=$!; sleep 0.5; kill -TERM $p; wait $p; s=$?;"
        + " dd iflag=nonblock bs=64k count=1 <&9 > part 2> /dev/null; $v --message-level 4 -R back < part; echo $s $?; test ! -e back",
      core: "core", in: bench.folder)
    #expect(run.status == 0 && run.output == "143 1\n", "\(run)")
  }

  @Test(
    "A reader that goes away at any place ends it with a line",
    arguments: [0, 1, 4096, 5000, 65_536, 700_000])
  func goneReader(bytes: Int) throws {
    let run = try ProgramUnderTest.bash(
      "$v --message-level 4 -F -d 0 core | head -c \(bytes) > part; echo ${PIPESTATUS[0]}", core: "core",
      in: bench.folder)
    #expect(run.output == "1\n" && run.errors.contains("Broken pipe"), "\(run)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run)")
  }
}
