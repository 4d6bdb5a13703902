internal import DumpMemory
internal import PageCompression
internal import Platform

/// What `bench` found out.
struct BenchReport {
  let path: String
  let release: String?
  let level: DumpLevel
  /// Bytes a second that the target takes.
  let targetSpeed: UInt64
  let pageSize: Int
  let pages: UInt64
  /// Pages that a dump of the level has.
  let keptPages: UInt64
  /// Those of them that were dumped.
  let sampledPages: UInt64
  /// Page structures that were looked at.
  let examinedPages: UInt64
  /// What that took, in microseconds.
  let filterTime: UInt64
  /// The first run, which found nothing in the page cache.
  var firstReading: BenchRun?
  var runs: [BenchRun] = []

  // MARK: - The whole dump

  /// What a whole dump takes with a run's codec and threads, in microseconds: pages are told apart, then compressed, while
  /// the target takes what is ready.
  func dumpTime(_ run: BenchRun) -> UInt64 {
    let copying = run.microseconds.scaled(by: keptPages, over: sampledPages)
    let writing = dumpBytes(run).scaled(by: 1_000_000, over: targetSpeed)
    return clampedSum(filterTime, max(copying, writing))
  }

  func dumpBytes(_ run: BenchRun) -> UInt64 { run.bytes.scaled(by: keptPages, over: sampledPages) }

  /// The run with the shortest dump, of those that differ by less than 3 % the one with the fewest bytes, then threads.
  var best: BenchRun? {
    guard let shortest = runs.map({ dumpTime($0) }).min() else { return nil }
    let limit = clampedSum(shortest, shortest / 33)
    return runs.filter { dumpTime($0) <= limit }.min {
      (dumpBytes($0), UInt64($0.threads)) < (dumpBytes($1), UInt64($1.threads))
    }
  }

  /// What the dump of a run waits for.
  func bottleneck(_ run: BenchRun) -> String {
    let copying = run.microseconds.scaled(by: keptPages, over: sampledPages)
    let writing = dumpBytes(run).scaled(by: 1_000_000, over: targetSpeed)
    if filterTime > max(copying, writing) { return "telling pages apart" }
    if writing > copying { return "the target" }
    let reading = runs.first { $0.codec == .none && $0.threads == run.threads }?.microseconds ?? 0
    return run.codec == .none || reading > run.microseconds / 2
      ? "reading and copying memory" : "compressing (\(run.codec.name))"
  }

  /// The line of kdump.conf.
  var collector: String? {
    guard let best else { return nil }
    let option = best.codec.option.map { " \($0)" } ?? ""
    let all = runs.map { $0.threads }.max() ?? 1
    return "core_collector vmsieve\(option) --message-level 7 -d \(level.rawValue)"
      + (best.threads < all ? " --num-threads \(best.threads)" : "")
  }

  private func clampedSum(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (sum, overflow) = one.addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  // MARK: - Words

  var lines: [String] {
    var lines = [
      "\(path): " + (release.map { "Linux \($0), " } ?? "") + "\(pages) pages",
      "level \(level.rawValue) keeps \(keptPages) of them, \(ByteText.text(keptPages &* UInt64(pageSize)))"
        + (sampledPages < keptPages ? "; \(sampledPages) are dumped, from everywhere" : ""),
      "telling pages apart: \(Self.seconds(filterTime)) s"
        + (examinedPages == 0
          ? "" : ", \(examinedPages.scaled(by: 1_000_000, over: filterTime)) page structures a second"),
    ]
    if let firstReading {
      lines.append("reading for the first time: \(Self.megabytes(firstReading.speed)) MB/s, one thread")
    }
    if runs.isEmpty { return lines + ["there is no page to dump"] }
    lines += ["", Self.row(["codec", "threads", "MB/s", "ratio", "peak MiB", "dump MB", "dump s"])]
    for run in runs {
      lines.append(
        Self.row([
          run.codec.option.map { "\($0) \(run.codec.name)" } ?? run.codec.name, "\(run.threads)",
          Self.megabytes(run.speed),
          Self.decimal(run.bytes.scaled(by: 1000, over: run.memoryBytes), digits: 3),
          run.peakMemory.map { Self.decimal($0.scaled(by: 10, over: 1 << 20), digits: 1) } ?? "?",
          Self.megabytes(dumpBytes(run)), Self.seconds(dumpTime(run)),
        ]))
    }
    if let best, let collector {
      lines += [
        "",
        "with a target of \(Self.megabytes(targetSpeed)) MB/s the shortest dump is that of \(best.codec.name) with"
          + " \(best.threads) thread\(best.threads == 1 ? "" : "s"); it waits for \(bottleneck(best))",
        collector,
      ]
    }
    return lines
  }

  var json: JSONObject {
    var object = JSONObject()
    object.add("vmcore", path)
    object.add("release", release)
    object.add("level", level.rawValue)
    object.add("page_size", pageSize)
    object.add("pages", pages)
    object.add("kept_pages", keptPages)
    object.add("sampled_pages", sampledPages)
    object.add("filter_microseconds", filterTime)
    object.add("page_structures", examinedPages)
    object.add("first_reading_bytes_per_second", json: firstReading.map { "\($0.speed)" } ?? "null")
    object.add("target_bytes_per_second", targetSpeed)
    object.add("runs", runs.map { json($0) })
    object.add("bottleneck", best.map { bottleneck($0) })
    object.add("core_collector", collector)
    return object
  }

  private func json(_ run: BenchRun) -> JSONObject {
    var object = JSONObject()
    object.add("codec", run.codec.name)
    object.add("threads", run.threads)
    object.add("microseconds", run.microseconds)
    object.add("bytes", run.bytes)
    object.add("memory_bytes", run.memoryBytes)
    object.add("bytes_per_second", run.speed)
    object.add("peak_memory_bytes", json: run.peakMemory.map { "\($0)" } ?? "null")
    object.add("dump_bytes", dumpBytes(run))
    object.add("dump_microseconds", dumpTime(run))
    return object
  }

  private static func row(_ cells: [String]) -> String {
    cells[0].padded(toColumns: 10) + cells.dropFirst().map { $0.aligned(toColumns: 10) }.joined()
  }

  private static func seconds(_ microseconds: UInt64) -> String {
    decimal(microseconds.scaled(by: 1, over: 10_000), digits: 2)
  }

  private static func megabytes(_ bytes: UInt64) -> String { "\(bytes / 1_000_000)" }

  /// A number that counts the last of some digits behind the point.
  private static func decimal(_ number: UInt64, digits: Int) -> String {
    let scale = (0..<digits).reduce(into: UInt64(1)) { scale, _ in scale *= 10 }
    return "\(number / scale)." + "\(number % scale)".aligned(toColumns: digits, filling: "0")
  }
}

extension Codec {
  /// The option that chooses it; nil where none does.
  fileprivate var option: String? {
    switch self {
    case .none: nil
    case .zlib: "-c"
    case .lzo: "-l"
    case .snappy: "-p"
    case .zstd: "-z"
    }
  }
}
