internal import DumpMemory
internal import KernelModel
internal import PageCompression
internal import Platform

/// What inspect says as one page that needs nothing around it: no script, no file, no address outside.
struct HTMLReport {
  let report: InspectReport

  var text: String {
    let title = "vmsieve: " + HTMLText.escaped(report.vmcore.memory.path)
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(title)</title>
      <style>
      \(Self.style)
      </style></head><body><main>
      <h1>\(title)</h1>
      \(summary)\(stacks)\(pages)\(modules)\(memory)\(log)\(encryption)
      <footer>\(HTMLText.escaped(Program.versionLine(calledAs: Program.name)))</footer>
      </main></body></html>

      """
  }

  private static let style = """
    :root { color-scheme: light dark; --back: #fbfbf9; --text: #1c1f23; --soft: #5d656e; --line: #d8dadd; --panel: #f1f2f0;
      --free: #b9c2cb; --user: #e08e0b; --cache: #5cb3e4; --private_cache: #1f6fb2; --other: #c9481d; --absent: #ececea;
      --raw: #9aa1a9; --zlib: #3b7dd8; --lzo: #2a9d78; --snappy: #b07cc6; --zstd: #d1495b; }
    @media (prefers-color-scheme: dark) { :root { --back: #15181b; --text: #e4e6e8; --soft: #9aa3ac; --line: #343a40;
      --panel: #1e2226; --free: #56616c; --user: #e8a33d; --cache: #4ea6d8; --private_cache: #3f8fd2; --other: #e0653b;
      --absent: #22272b; --raw: #7d858d; --zlib: #5b97ea; --lzo: #3fb58d; --snappy: #c193d6; --zstd: #e0697a; } }
    body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
    h1 { font-size: 1.35rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
    dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
    pre { background: var(--panel); padding: .7rem; overflow-x: auto; font: 12.5px/1.45 ui-monospace, monospace; margin: .4rem 0; }
    .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: .15rem .8rem .15rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
    th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
    svg { shape-rendering: crispEdges; display: block; width: 100%; height: auto; margin: .5rem 0; } svg text { fill: var(--text); font: 11px system-ui, sans-serif; }
    .free { fill: var(--free); background: var(--free); } .user { fill: var(--user); background: var(--user); }
    .cache { fill: var(--cache); background: var(--cache); } .other { fill: var(--other); background: var(--other); }
    .private_cache { fill: var(--private_cache); background: var(--private_cache); }
    .absent { fill: var(--absent); background: var(--absent); } .raw { fill: var(--raw); background: var(--raw); }
    .zlib { fill: var(--zlib); background: var(--zlib); } .lzo { fill: var(--lzo); background: var(--lzo); }
    .snappy { fill: var(--snappy); background: var(--snappy); } .zstd { fill: var(--zstd); background: var(--zstd); }
    .legend span { display: inline-block; margin-right: 1rem; white-space: nowrap; }
    .legend i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
    .note, footer { color: var(--soft); } footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .5rem; }
    """

  private static func heading(_ text: String) -> String { "<h2>\(HTMLText.escaped(text))</h2>\n" }

  private static func list(_ rows: [(title: String, text: String)]) -> String {
    "<dl>"
      + rows.map { "<dt>\(HTMLText.escaped($0.title))</dt><dd>\(HTMLText.escaped($0.text))</dd>\n" }.joined()
      + "</dl>\n"
  }

  // MARK: - The crash

  private var summary: String {
    var rows: [(title: String, text: String)] = [
      ("file", report.format), ("kernel", report.vmcore.kernel?.release ?? "unknown"),
    ]
    rows += report.crash?.headLines ?? []
    rows.append(("memory", "\(report.vmcore.memory.frames.count) pages"))
    if let processors = report.processors { rows.append(("processors", processors.sentence)) }
    for problem in report.crash?.problems ?? [] {
      rows.append(("missing", "\(problem.part): \(problem.reason)"))
    }
    return Self.list(rows)
  }

  private var stacks: String {
    guard let crash = report.crash else { return "" }
    var text = ""
    if !crash.processors.isEmpty {
      text += Self.heading("Processors") + HTMLText.preformatted(crash.processorLines)
    }
    if !crash.blocked.isEmpty {
      text += Self.heading("Blocked tasks") + HTMLText.preformatted(crash.blockedLines)
    }
    return text
  }

  private var modules: String {
    guard let modules = report.crash?.modules?.modules, !modules.isEmpty else { return "" }
    return Self.heading("Modules")
      + HTMLText.table(
        ["module", "bytes", "uses", "state", "taints", "text"],
        rows: modules.map {
          [
            $0.name, "\($0.byteCount)", $0.uses.map { "\($0)" } ?? "", $0.state, $0.taint.letters,
            "0x" + String($0.text.rawValue, radix: 16),
          ]
        })
  }

  private var memory: String {
    guard let crash = report.crash else { return "" }
    var text = ""
    if let counters = crash.counters {
      text +=
        Self.heading("Memory, as the kernel counted it")
        + HTMLText.table(
          ["", "bytes"],
          rows: counters.counters.compactMap { counter in
            counter.pages.map { [counter.title, ByteText.text($0 &* UInt64(crash.pageSize))] }
          })
    }
    if let slabs = crash.slabs, !slabs.caches.isEmpty {
      text +=
        Self.heading("Slabs: \(ByteText.text(slabs.byteCount))")
        + HTMLText.table(
          ["cache", "memory", "slabs", "objects", "free", "bytes each"],
          rows: slabs.caches.prefix(Self.mostCaches).map {
            [
              $0.name, ByteText.text($0.byteCount), "\($0.slabs)", "\($0.objects)",
              $0.freeObjects.map { "\($0)" } ?? "", "\($0.objectSize)",
            ]
          })
    }
    return text
  }

  private static let mostCaches = 40

  private var log: String {
    guard let log = report.crash?.log, !log.lastLines.isEmpty else { return "" }
    return Self.heading("Log: the last \(log.lastLines.count) of \(log.lineCount) lines")
      + HTMLText.preformatted(log.lastLines)
  }

  private var encryption: String {
    Self.heading("Memory encryption") + HTMLText.preformatted(report.encryptionLines + [report.sentence])
  }

  // MARK: - Pages

  private var pages: String {
    let forecast = report.forecast
    let classes = forecast.classes.filter { $0.sample.total > 0 }
    guard !classes.isEmpty else { return "" }
    let legend =
      "<p class=\"legend\">"
      + classes.map { kind, sample in
        "<span><i class=\"\(kind.rawValue)\"></i>\(HTMLText.escaped(forecast.name(of: kind))),"
          + " \(ByteText.text(sample.total &* UInt64(forecast.pageSize)))</span>"
      }.joined() + "<span><i class=\"absent\"></i>not in the file</span></p>\n"
    let warnings = forecast.warnings.map { "<p class=\"note\">\(HTMLText.escaped($0))</p>\n" }.joined()
    return Self.heading("Pages") + warnings + legend
      + Self.bar(classes.map { ($0.class.rawValue, $0.sample.total) })
      + "<h3>Physical memory</h3>\n"
      + "<p class=\"note\">Each cell is \(ByteText.text(forecast.picture.framesPerCell &* UInt64(forecast.pageSize))), of the kind that"
      + " most of its pages are; holes in the machine's memory are left out.</p>\n" + picture
      + "<h3>What dumps would take</h3>\n<p class=\"note\">An estimate, by \(forecast.looked) of \(forecast.pageCount) pages."
      + (forecast.gain.map { " " + HTMLText.escaped($0.sentence) + "." } ?? "") + "</p>\n" + sizes
      + HTMLText.table(
        ["level", "pages"] + PageSample.codecs.map(\.name),
        rows: forecast.rows.map { row in
          ["-d \(row.level.rawValue)", "\(row.pages)"]
            + row.sizes.map { "\(ByteText.text($0.bytes)) ± \(ByteText.text($0.margin))" }
        })
  }

  private static func bar(_ parts: [(style: String, count: UInt64)]) -> String {
    let total = max(parts.reduce(0) { $0 + $1.count }, 1)
    var x: UInt64 = 0
    var text = "<svg viewBox=\"0 0 1000 24\" role=\"img\" aria-label=\"pages by class\">"
    for part in parts {
      let start = x * 1000 / total
      x += part.count
      let end = x * 1000 / total
      text += "<rect class=\"\(part.style)\" x=\"\(start)\" y=\"0\" width=\"\(end - start)\" height=\"24\"/>"
    }
    return text + "</svg>\n"
  }

  private static let columns = 128

  /// The map: cells row by row, neighbours of one kind drawn as one.
  private var picture: String {
    let picture = report.forecast.picture
    let size = 7
    let left = 120
    let rows = (picture.cells.count + Self.columns - 1) / Self.columns
    var text =
      "<svg viewBox=\"0 0 \(left + Self.columns * size) \(max(rows, 1) * size)\" role=\"img\" aria-label=\"physical memory by page class\">"
    for row in 0..<rows {
      let first = row * Self.columns
      let last = min(first + Self.columns, picture.cells.count)
      if row % 2 == 0 {
        let part = picture.parts.last { $0.cell <= first }
        let address =
          (part?.start.rawValue ?? 0) &+ UInt64(first - (part?.cell ?? 0)) &* picture.framesPerCell
          &* UInt64(report.forecast.pageSize)
        text +=
          "<text x=\"\(left - 6)\" y=\"\(row * size + size)\" text-anchor=\"end\">0x\(String(address, radix: 16))</text>"
      }
      var cell = first
      while cell < last {
        var end = cell + 1
        while end < last, picture.cells[end] == picture.cells[cell] { end += 1 }
        let style =
          switch picture.cells[cell] {
          case .pages(let kind): kind.rawValue
          case .absent: "absent"
          }
        text +=
          "<rect class=\"\(style)\" x=\"\(left + (cell - first) * size)\" y=\"\(row * size)\" width=\"\((end - cell) * size)\" height=\"\(size)\"/>"
        cell = end
      }
    }
    return text + "</svg>\n"
  }

  /// A bar for each level and codec.
  private var sizes: String {
    let rows = report.forecast.rows
    let most = max(rows.flatMap { $0.sizes.map(\.bytes) }.max() ?? 1, 1)
    let height = 13
    let group = PageSample.codecs.count * height + 12
    var text =
      "<svg viewBox=\"0 0 1000 \(max(rows.count, 1) * group)\" role=\"img\" aria-label=\"size by level and codec\">"
    for (index, row) in rows.enumerated() {
      let top = index * group
      text += "<text x=\"0\" y=\"\(top + 11)\">-d \(row.level.rawValue)</text>"
      for (place, size) in row.sizes.enumerated() {
        let codec = PageSample.codecs[place].name
        let y = top + place * height
        let width = size.bytes.multipliedFullWidth(by: 740)
        let pixels = max(most.dividingFullWidth(width).quotient, 1)
        text +=
          "<text x=\"98\" y=\"\(y + 10)\" text-anchor=\"end\">\(codec)</text>"
          + "<rect class=\"\(codec)\" x=\"105\" y=\"\(y)\" width=\"\(pixels)\" height=\"\(height - 2)\"/>"
          + "<text x=\"\(112 + pixels)\" y=\"\(y + 10)\">\(ByteText.text(size.bytes))</text>"
      }
    }
    return text + "</svg>\n"
  }
}
