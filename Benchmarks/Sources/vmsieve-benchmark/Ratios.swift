import Foundation

/// How many times as fast as makedumpfile's one thread vmsieve is, and how far from the codec alone, in one run: a line for each
/// contestant, with tabs between its fields, which `Benchmarks/plot` draws.
///
/// All that is compared runs in turns on the same vmcore, which lies in the page cache, and writes to memory where there is room.
struct Ratios {
  static let columns = [
    "vmcore", "codec", "level", "program", "threads", "wall s", "user s", "system s", "bytes", "peak bytes",
    "times",
    "least", "most",
  ]
  private static let usage =
    "ratios TABLE [BARE] NAME=VMCORE..: BARE is the program vmsieve-micro, for the codecs alone"

  let name: String
  let field: Field
  let bare: String
  let report: Report

  /// - Parameter arguments: the file that gets the table, the program for codecs alone, and the vmcores with their names.
  static func run(_ arguments: [String]) throws {
    guard arguments.count > 2 else { throw BenchmarkFailure(usage) }
    let environment = ProcessInfo.processInfo.environment
    let report = try Report(arguments[0])
    var isFirst = true
    for argument in arguments[2...] {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw BenchmarkFailure(usage) }
      let ratios = Ratios(
        name: parts[0], field: try Field(environment, vmcore: parts[1]), bare: arguments[1], report: report)
      if isFirst { try ratios.describe() }
      isFirst = false
      try ratios.measure()
    }
  }

  private func describe() throws {
    let date = Date().formatted(.iso8601.year().month().day())
    try report.line("# \(date), \(Benchmark.machine())")
    try report.line("# \(Benchmark.firstLine(of: field.vmsieve, ["-v"]))")
    try report.line("# \(Benchmark.firstLine(of: field.makedumpfile, ["-v"]))")
    try report.line(
      "# medians of \(field.rounds) rounds in turns after one that warms up, output on \(field.outputIsMemory ? "tmpfs" : "disk");"
        + " times: median, least and most of the rounds' ratios of wall time to makedumpfile's")
    try report.line(
      "# \(Benchmark.firstLine(of: bare, ["bandwidth"])) bytes a second of memory are read by one thread; a struct page has 64"
    )
    try report.line(Self.columns.joined(separator: "\t"))
  }

  private func measure() throws {
    let raw = "\(field.output)-raw"
    defer { unlink(raw) }
    let peerCodecs = Benchmark.peerCodecs(field).map(\.name)
    _ = try TimedRun(
      field.vmsieve, ["-d", "31", field.vmcore, raw], output: raw, limit: field.limit, keeps: true)
    for (codec, option) in Benchmark.codecs {
      try compare(codec, option, raw: raw, withPeer: peerCodecs.contains(codec))
    }
    try compareFilters()
  }

  private struct Contestant {
    let name: String
    let threads: Int
    let run: () throws -> TimedRun
  }

  private func compare(_ codec: String, _ option: String, raw: String, withPeer: Bool) throws {
    let options = Benchmark.options(option, 31)
    // More threads than there are processors are to cost nothing.
    let most = 4 * ProcessInfo.processInfo.activeProcessorCount
    var contestants = [1, 2, most].map { threads in
      Contestant(name: "vmsieve", threads: threads) {
        try field.run(field.vmsieve, options + ["--num-threads", "\(threads)"])
      }
    }
    contestants.append(
      Contestant(name: codec == "none" ? "copy alone" : "codec alone", threads: 1) { try alone(codec, raw) })
    if withPeer {
      contestants.append(
        Contestant(name: "makedumpfile", threads: 1) { try field.run(field.makedumpfile, options) })
    }
    try contest(contestants, codec: codec, level: "31")
  }

  /// The mem_map scan: what both say of their step at -d 31.
  private func compareFilters() throws {
    let options = ["-d", "31", "--message-level", "31"]
    let contestants =
      [1, 2].map { threads in
        Contestant(name: "vmsieve", threads: threads) {
          try filtering(field.vmsieve, options + ["--num-threads", "\(threads)"])
        }
      } + [Contestant(name: "makedumpfile", threads: 1) { try filtering(field.makedumpfile, options) }]
    try contest(contestants, codec: "filter", level: "31")
  }

  /// Runs all of them in turns, and writes a line for each.
  private func contest(_ contestants: [Contestant], codec: String, level: String) throws {
    var runs = contestants.map { _ in Contest.Runs() }
    for round in 0...field.rounds {
      for (index, contestant) in contestants.enumerated() {
        let run = try contestant.run()
        guard run.completed else {
          throw BenchmarkFailure("\(contestant.name) took more than \(Int(field.limit)) s")
        }
        // The first round warms up.
        if round > 0 { runs[index].append(run) }
      }
    }
    let peer = contestants.firstIndex { $0.name == "makedumpfile" }.map { runs[$0] }
    for (contestant, runs) in zip(contestants, runs) {
      let times = peer.map { zip($0, runs).map { $0.wall / $1.wall }.sorted() }
      try report.line(
        [
          name, codec, level, contestant.name, "\(contestant.threads)", runs.median(\.wall).rounded(to: 4),
          runs.median(\.user).rounded(to: 4), runs.median(\.system).rounded(to: 4), "\(runs.outputSize)",
          "\(runs.peakMemory)", times.map { Contest.median($0).rounded(to: 3) } ?? "",
          times?.first?.rounded(to: 3) ?? "", times?.last?.rounded(to: 3) ?? "",
        ].joined(separator: "\t"))
    }
  }

  /// The codec alone, or a copy alone, over the pages that the dump keeps: what the program itself measured, without its start and its reading.
  private func alone(_ codec: String, _ raw: String) throws -> TimedRun {
    try measured(bare, codec == "none" ? ["copy", raw, field.output] : ["codec", codec, raw]) { line in
      line.hasPrefix("seconds ") ? Double(line.dropFirst("seconds ".count)) : nil
    }
  }

  private func filtering(_ program: String, _ options: [String]) throws -> TimedRun {
    try measured(program, options + [field.vmcore, field.output]) { line in
      guard line.hasPrefix("STEP [Excluding unnecessary pages]") else { return nil }
      return line.split(separator: ":").last?.split(separator: " ").first.flatMap { Double($0) }
    }
  }

  /// A run whose wall time is the sum of what its messages say.
  private func measured(
    _ program: String, _ arguments: [String], seconds: (Substring) -> Double?
  ) throws -> TimedRun {
    let messages = "\(field.output)-messages"
    defer { unlink(messages) }
    var run = try TimedRun(
      program, arguments, output: field.output, limit: field.limit, messages: messages)
    let lines = try String(contentsOfFile: messages, encoding: .utf8).split { $0 == "\n" || $0 == "\r" }
    let found = lines.compactMap(seconds)
    guard !found.isEmpty else { throw BenchmarkFailure("\(program) does not say how long it took") }
    run.wall = found.reduce(0, +)
    return run
  }
}
