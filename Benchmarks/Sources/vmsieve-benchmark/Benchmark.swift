import Foundation

/// vmsieve against makedumpfile, on one vmcore, in one run.
@main
struct Benchmark {
  static let codecs = [("zlib", "-c"), ("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z"), ("none", "")]
  static let levels = [31, 1]

  static func main() {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      if arguments.first == "ratios" { return try Ratios.run(Array(arguments.dropFirst())) }
      let field = try Field(ProcessInfo.processInfo.environment)
      let report = try Report(arguments.first)
      try describe(field, report)
      try capture(report)
      try describeFile(field, report)
      try compare(field, report)
      try peerThreads(field, report)
    } catch {
      FileHandle.standardError.write(Data("vmsieve-benchmark: \(error)\n".utf8))
      exit(1)
    }
  }

  /// Codecs of makedumpfile: what it was not built with, it says.
  static func peerCodecs(_ field: Field) -> [(name: String, option: String)] {
    let features = output(of: field.makedumpfile, ["-v"])
    return codecs.filter { $0.0 == "zlib" || $0.0 == "none" || features.contains("\($0.0)\tenabled") }
  }

  static func options(_ codec: String, _ level: Int) -> [String] {
    (codec.isEmpty ? [] : [codec]) + ["-d", "\(level)"]
  }

  static func describe(_ field: Field, _ report: Report) throws {
    try report.line("# vmsieve against makedumpfile")
    try report.line()
    try report.line(
      "Made by `make bench`, \(Date().formatted(.iso8601.year().month().day())), on a machine with \(machine())."
    )
    try report.line()
    try report.line("* vmsieve: \(firstLine(of: field.vmsieve, ["-v"]))")
    try report.line("* \(firstLine(of: field.makedumpfile, ["-v"]))")
  }

  /// What `Benchmarks/capture` found in capture kernels, where it was asked to.
  static func capture(_ report: Report) throws {
    guard let path = ProcessInfo.processInfo.environment["VMSIEVE_BENCH_CAPTURE"], !path.isEmpty else {
      return
    }
    try report.line()
    try report.line(try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines))
  }

  static func describeFile(_ field: Field, _ report: Report) throws {
    let vmcore = try FileManager.default.attributesOfItem(atPath: field.vmcore)[.size] as? Int ?? 0
    try report.line()
    try report.line("## A vmcore in a file")
    try report.line()
    try report.line("* vmcore: \(vmcore.megabytes) MB of a crashed virtual machine, in the page cache")
    try report.line("* output: a new file for each run, on \(field.outputIsMemory ? "tmpfs" : "disk")")
    try report.line(
      "* Runs in turns, one round to warm up, then \(field.rounds) that count. Ratios are medians over the rounds, seconds"
    )
    try report.line("  are medians, memory is the peak (VmHWM).")
  }

  static func compare(_ field: Field, _ report: Report) throws {
    let peerCodecs = peerCodecs(field).map(\.name)
    try report.line()
    try report.line("### Each codec, with one thread and with two, against makedumpfile's single thread")
    try report.line()
    try report.line(
      "Ratios are vmsieve to makedumpfile: below 1 is better than makedumpfile. `1 : 2` is how many times as fast as one"
    )
    try report.line("thread two are.")
    try report.table([
      "codec", "-d", "wall ratio 1", "wall ratio 2", "CPU ratio 1", "CPU ratio 2", "1 : 2", "wall s 1",
      "wall s 2", "its wall s", "CPU s 1", "CPU s 2", "its CPU s", "size MB", "its size MB", "memory MB",
      "its memory MB",
    ])
    for level in levels {
      for (name, codec) in codecs {
        let contest = try Contest(field, options(codec, level), withPeer: peerCodecs.contains(name))
        try report.row([name, "\(level)"] + cells(contest))
      }
    }
  }

  private static func cells(_ contest: Contest) -> [String] {
    let (one, two, peer) = (contest.one, contest.two, contest.peer)
    func against(_ runs: Contest.Runs, _ value: KeyPath<TimedRun, Double>) -> String {
      peer.isEmpty ? "" : Contest.ratio(runs, peer, value).rounded(to: 2)
    }
    func seconds(_ runs: Contest.Runs, _ value: KeyPath<TimedRun, Double>) -> String {
      runs.isEmpty ? "" : runs.median(value).rounded(to: 3)
    }
    return [
      against(one, \.wall), against(two, \.wall), against(one, \.processor), against(two, \.processor),
      Contest.ratio(one, two, \.wall).rounded(to: 2),
      seconds(one, \.wall), seconds(two, \.wall), seconds(peer, \.wall),
      seconds(one, \.processor), seconds(two, \.processor), seconds(peer, \.processor),
      one.outputSize.megabytes, peer.isEmpty ? "" : peer.outputSize.megabytes,
      max(one.peakMemory, two.peakMemory).megabytes, peer.isEmpty ? "" : peer.peakMemory.megabytes,
    ]
  }

  /// makedumpfile's own threads spin while they wait: from run to run they take very different times.
  static func peerThreads(_ field: Field, _ report: Report) throws {
    try report.line()
    try report.line("### makedumpfile's own threads against its single thread, -d 31")
    try report.table(["codec", "--num-threads", "wall s, three runs", "times slower", "CPU s"])
    for (name, codec) in peerCodecs(field) where name != "none" {
      let single = try field.run(field.makedumpfile, options(codec, 31))
      for threads in [1, 2] {
        let line = options(codec, 31) + ["--num-threads", "\(threads)"]
        var runs: Contest.Runs = []
        for _ in 0..<3 { runs.append(try field.run(field.makedumpfile, line, limit: 30)) }
        let walls = runs.map { ($0.completed ? "" : "> ") + $0.wall.rounded(to: 2) }
        try report.row([
          name, "\(threads)", walls.joined(separator: ", "),
          (runs.median(\.wall) / single.wall).rounded(to: 1), runs.median(\.processor).rounded(to: 2),
        ])
      }
    }
  }

  static func machine() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
    let kernel = output(of: "/usr/bin/env", ["uname", "-r"]).trimmingCharacters(in: .whitespacesAndNewlines)
    let name = model?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
    return "\(ProcessInfo.processInfo.activeProcessorCount) processors (\(name)), Linux \(kernel)"
  }

  static func firstLine(of program: String, _ arguments: [String]) -> String {
    output(of: program, arguments).split(separator: "\n").first.map(String.init) ?? "unknown version"
  }

  private static func output(of program: String, _ arguments: [String]) -> String {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
