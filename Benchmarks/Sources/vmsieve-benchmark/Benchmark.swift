import Foundation

/// vmsieve against makedumpfile, on one vmcore, in one run.
@main
struct Benchmark {
  static let codecs = [("zlib", "-c"), ("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z"), ("none", "")]
  static let levels = [31, 1]

  static func main() {
    do {
      let field = try Field(ProcessInfo.processInfo.environment)
      let report = try Report(CommandLine.arguments.dropFirst().first)
      try describe(field, report)
      try compare(field, report)
      try scale(field, report)
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

  static func options(_ codec: String, _ level: Int, _ threads: Int? = nil) -> [String] {
    let words = (codec.isEmpty ? [] : [codec]) + ["-d", "\(level)"]
    return words + (threads.map { ["--num-threads", "\($0)"] } ?? [])
  }

  static func describe(_ field: Field, _ report: Report) throws {
    let vmcore = try FileManager.default.attributesOfItem(atPath: field.vmcore)[.size] as? Int ?? 0
    try report.line("# vmsieve against makedumpfile")
    try report.line()
    try report.line(
      "Made by `make bench`, \(Date().formatted(.iso8601.year().month().day())), on a machine with \(machine())."
    )
    try report.line()
    try report.line("* vmsieve: \(firstLine(of: field.vmsieve, ["-v"]))")
    try report.line("* \(firstLine(of: field.makedumpfile, ["-v"]))")
    try report.line("* vmcore: \(vmcore.megabytes) MB of a crashed virtual machine, in the page cache")
    try report.line("* output: a new file for each run, on \(field.outputIsMemory ? "tmpfs" : "disk")")
    try report.line(
      "* Runs in turns, one pair to warm up, then \(field.pairs) that count. Ratios are medians over the pairs, vmsieve to"
    )
    try report.line(
      "  makedumpfile: below 1 is better than makedumpfile. Wall and CPU seconds are medians, memory is the peak (ru_maxrss)."
    )
  }

  static func compare(_ field: Field, _ report: Report) throws {
    try report.line()
    try report.line("## Each codec that both have, against makedumpfile's single thread")
    try report.table([
      "codec", "-d", "threads", "wall ratio", "CPU ratio", "wall s", "its wall s", "CPU s", "its CPU s",
      "size MB", "its size MB", "memory MB", "its memory MB",
    ])
    for level in levels {
      for (name, codec) in peerCodecs(field) {
        for threads in [1, 2] {
          let contest = Contest(vmsieve: options(codec, level, threads), makedumpfile: options(codec, level))
          let result = try contest.run(field)
          try report.row([
            name, "\(level)", "\(threads)", result.wallRatio.rounded(to: 2),
            result.processorRatio.rounded(to: 2),
            result.vmsieveWall.rounded(to: 3), result.makedumpfileWall.rounded(to: 3),
            result.vmsieveProcessor.rounded(to: 3), result.makedumpfileProcessor.rounded(to: 3),
            result.vmsieveSize.megabytes, result.makedumpfileSize.megabytes,
            result.vmsieveMemory.megabytes, result.makedumpfileMemory.megabytes,
          ])
        }
      }
    }
  }

  /// What a second thread brings, all codecs of vmsieve; the pairs are of vmsieve with itself.
  static func scale(_ field: Field, _ report: Report) throws {
    try report.line()
    try report.line("## vmsieve's two threads against its one")
    try report.table(["codec", "-d", "times as fast", "one: wall s", "two: wall s", "two: CPU s"])
    for level in levels {
      for (name, codec) in codecs {
        var one: [TimedRun] = []
        var two: [TimedRun] = []
        for pair in 0...field.pairs {
          let a = try field.run(field.vmsieve, options(codec, level, 1))
          let b = try field.run(field.vmsieve, options(codec, level, 2))
          guard pair > 0 else { continue }
          one.append(a)
          two.append(b)
        }
        let speedup = median(zip(one, two).map { $0.wall / $1.wall })
        try report.row([
          name, "\(level)", speedup.rounded(to: 2), median(one.map(\.wall)).rounded(to: 3),
          median(two.map(\.wall)).rounded(to: 3), median(two.map(\.processor)).rounded(to: 3),
        ])
      }
    }
  }

  /// makedumpfile's own threads spin while they wait: from run to run they take very different times.
  static func peerThreads(_ field: Field, _ report: Report) throws {
    try report.line()
    try report.line("## makedumpfile's own threads against its single thread, -d 31")
    try report.table(["codec", "--num-threads", "wall s, three runs", "times slower", "CPU s"])
    for (name, codec) in peerCodecs(field) where name != "none" {
      let single = try field.run(field.makedumpfile, options(codec, 31))
      for threads in [1, 2] {
        var runs: [TimedRun] = []
        for _ in 0..<3 { runs.append(try field.run(field.makedumpfile, options(codec, 31, threads))) }
        let walls = runs.map { $0.completed ? $0.wall.rounded(to: 2) : "> \(Int(field.limit))" }
        let slower = median(runs.map { $0.wall / single.wall })
        try report.row([
          name, "\(threads)", walls.joined(separator: ", "), slower.rounded(to: 1),
          median(runs.map(\.processor)).rounded(to: 2),
        ])
      }
    }
  }

  private static func machine() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
    let kernel = output(of: "/usr/bin/env", ["uname", "-r"]).trimmingCharacters(in: .whitespacesAndNewlines)
    let name = model?.trimmingCharacters(in: .whitespaces) ?? "unknown processor"
    return "\(ProcessInfo.processInfo.activeProcessorCount) processors (\(name)), Linux \(kernel)"
  }

  private static func firstLine(of program: String, _ arguments: [String]) -> String {
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
