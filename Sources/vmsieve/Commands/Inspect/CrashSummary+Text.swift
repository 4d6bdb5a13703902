internal import DumpMemory
internal import KernelModel
internal import Platform

extension CrashSummary {
  /// Different stacks of blocked tasks that are shown; JSON has all.
  private static let mostStacksShown = 24
  private static let mostTasksNamed = 8
  private static let mostCachesShown = 10

  /// Who, when, and why: the first that one wants to know.
  var headLines: [(title: String, text: String)] {
    var lines: [(title: String, text: String)] = []
    func add(_ title: String, _ text: String?) {
      if let text, !text.isEmpty { lines.append((title, text)) }
    }
    add("version", identity.names.version.printable)
    add(
      "host",
      [identity.names.nodeName, identity.names.machine].filter { !$0.isEmpty }.joined(separator: ", ")
        .printable)
    add("hardware", [identity.hardware, identity.processorModel].compactMap { $0 }.joined(separator: "; "))
    add("command line", identity.commandLine)
    let crashed = [
      identity.crashTime.map { UTCTime.text($0) }, uptime.map { "up \(UTCTime.duration($0))" },
    ].compactMap { $0 }
    add("crashed", crashed.joined(separator: ", "))
    if let cause = log?.cause {
      add("kind", cause.kind == .unknown ? "unknown: the log has no panic" : cause.kind.rawValue)
      add("panic", cause.panic)
      add("finding", cause.finding)
    }
    add("signature", signature.map { "\($0.hash): \($0.text)" })
    if let number = identity.crashedProcessor {
      add("on", "processor \(number)" + (self.crashed?.state.task.map { ", \(Self.name($0))" } ?? ""))
    }
    if let taint = identity.taint {
      add(
        "taint",
        taint.mask == 0 ? "none" : taint.letters + " (" + taint.meanings.joined(separator: ", ") + ")")
    }
    if let tasks {
      let states = tasks.counts.map { "\($0.count) \($0.state.rawValue)" }.joined(separator: ", ")
      add("tasks", "\(tasks.tasks.count)" + (states.isEmpty ? "" : ": \(states)"))
    }
    return lines
  }

  /// Everything else, a block each.
  var blocks: [String] {
    var lines = problems.map { "  missing: \($0.part): \($0.reason)" }
    if !processors.isEmpty { lines += ["", "Processors"] + processorLines }
    if !blocked.isEmpty { lines += ["", "Blocked tasks"] + blockedLines }
    return lines + moduleLines + memoryLines + slabLines + logLines
  }

  private static func name(_ task: KernelTask) -> String {
    task.pid == 0 ? "idle" : "\(task.name) (pid \(task.pid))"
  }

  // MARK: - Stacks

  var processorLines: [String] {
    if processors.isEmpty { return [] }
    var lines: [String] = []
    let first = processors.filter { $0.state.number == identity.crashedProcessor }
    let others = processors.filter { $0.state.number != identity.crashedProcessor }
    for processor in first { lines += self.lines(of: [processor], isCrashed: true) }
    // Many processors do the same: nothing, or wait for the same lock.
    var groups: [(key: [String], members: [ProcessorStack])] = []
    var places: [[String]: Int] = [:]
    for processor in others {
      let key =
        [processor.state.source.rawValue, "\(processor.state.task?.pid == 0)"] + self.lines(of: processor)
      if let place = places[key] {
        groups[place].members.append(processor)
      } else {
        places[key] = groups.count
        groups.append((key, [processor]))
      }
    }
    for group in groups { lines += self.lines(of: group.members, isCrashed: false) }
    return lines
  }

  private func lines(of processors: [ProcessorStack], isCrashed: Bool) -> [String] {
    guard let first = processors.first else { return [] }
    let tasks = Self.list(processors.compactMap { $0.state.task.map { Self.name($0) } })
    var title = "  " + CrashedProcessors.list(processors.map(\.state.number)) + ":"
    switch first.state.source {
    case .offline: title += " off line"
    case .silent: title += " did not answer at the crash: no registers; it ran \(tasks)"
    case .unreadable: title += " its registers cannot be read; it ran \(tasks)"
    case .kernel, .hypervisor: title += " " + tasks + (isCrashed ? ", where the kernel crashed" : "")
    }
    var lines = [title]
    if isCrashed, let registers = first.state.registers { lines += Self.lines(of: registers) }
    return lines + self.lines(of: first)
  }

  private func lines(of processor: ProcessorStack) -> [String] {
    processor.stack.map { lines(of: $0) { processor.state.stack(holding: $0.stackPointer) } } ?? []
  }

  private static func list(_ names: [String]) -> String {
    var unique: [String] = []
    for name in names where !unique.contains(name) && unique.count <= mostTasksNamed { unique.append(name) }
    let shown = unique.prefix(mostTasksNamed).joined(separator: ", ")
    return unique.count > mostTasksNamed ? "\(shown) and others" : shown
  }

  private static func lines(of registers: Registers) -> [String] {
    let order = registers.shown
    return stride(from: 0, to: order.count, by: 3).map { start in
      "    "
        + order[start..<min(start + 3, order.count)].map { name, value in
          name.aligned(toColumns: 8) + ": "
            + String(value, radix: 16).aligned(toColumns: 16, filling: "0")
        }.joined(separator: "  ")
    }
  }

  private func lines(of trace: StackTrace, _ stack: (StackFrame) -> String?) -> [String] {
    var lines: [String] = []
    var last: String? = "task"
    for (index, frame) in trace.frames.enumerated() {
      let own = stack(frame)
      if own != last { lines.append("     --- \(own ?? "unknown") stack ---") }
      last = own
      let name = symbolizer.symbol(of: frame)?.text ?? "0x" + String(frame.address, radix: 16)
      lines.append(
        "    #\(index) " + (index < 10 ? " " : "") + (frame.isGuess ? "? " : "") + name
          + (frame.isExact && index > 0 ? "  (interrupted)" : ""))
    }
    switch trace.end {
    case .whole: break
    case .user(let ip): lines.append("     user space, at 0x" + String(ip, radix: 16))
    case .lost(let reason): lines.append("     the rest is not known: \(reason)")
    }
    return lines
  }

  var blockedLines: [String] {
    if blocked.isEmpty { return [] }
    var lines: [String] = []
    var groups: [(key: [String], tasks: [KernelTask])] = []
    var places: [[String]: Int] = [:]
    for one in blocked {
      let key = self.lines(of: one.stack) { _ in "task" }
      if let place = places[key] {
        groups[place].tasks.append(one.task)
      } else {
        places[key] = groups.count
        groups.append((key, [one.task]))
      }
    }
    for group in groups.prefix(Self.mostStacksShown) {
      lines.append(
        "  " + (group.tasks.count > 1 ? "\(group.tasks.count) tasks: " : "")
          + Self.list(group.tasks.map { Self.name($0) }))
      lines += group.key
    }
    if groups.count > Self.mostStacksShown {
      lines.append("  and \(groups.count - Self.mostStacksShown) stacks more: --json has all")
    }
    return lines
  }

  // MARK: - Modules, memory, log

  private var moduleLines: [String] {
    guard let modules, !modules.modules.isEmpty else { return [] }
    let all = modules.modules
    let bytes = all.reduce(0) { $0 &+ $1.byteCount }
    var lines = ["", "Modules: \(all.count), \(ByteText.text(bytes))"]
    let odd = all.filter { $0.taint.mask != 0 || $0.state != "LIVE" }
    for module in odd {
      lines.append(
        "  \(module.name)" + (module.version.map { " \($0)" } ?? "") + ": "
          + [
            module.taint.mask == 0
              ? nil : "taints \(module.taint.letters) (\(module.taint.meanings.joined(separator: ", ")))",
            module.state == "LIVE" ? nil : module.state, ByteText.text(module.byteCount),
            "at 0x" + String(module.text.rawValue, radix: 16),
          ].compactMap { $0 }.joined(separator: ", "))
    }
    var line = " "
    for module in all where module.taint.mask == 0 && module.state == "LIVE" {
      if line.utf8.count + module.name.utf8.count > 99 {
        lines.append(line)
        line = " "
      }
      line += " " + module.name
    }
    return line == " " ? lines : lines + [line]
  }

  private var memoryLines: [String] {
    guard let counters else { return [] }
    let known = counters.counters.filter { $0.pages != nil }
    if known.isEmpty { return [] }
    return ["", "Memory, as the kernel counted it"]
      + known.map { counter in
        "  " + "\(counter.title):".padded(toColumns: 20)
          + ByteText.text((counter.pages ?? 0) &* UInt64(pageSize)).aligned(toColumns: 12)
      }
  }

  private var slabLines: [String] {
    guard let slabs, !slabs.caches.isEmpty else { return [] }
    var lines = ["", "Slabs: \(slabs.caches.count) caches, \(ByteText.text(slabs.byteCount)); the largest:"]
    for cache in slabs.caches.prefix(Self.mostCachesShown) {
      let used = cache.freeObjects.map { "\(cache.objects - min($0, cache.objects)) of " } ?? ""
      lines.append(
        "  " + cache.name.padded(toColumns: 26) + ByteText.text(cache.byteCount).aligned(toColumns: 10)
          + "  \(used)\(cache.objects) objects of \(cache.objectSize) bytes")
    }
    return lines
  }

  private var logLines: [String] {
    guard let log, !log.lastLines.isEmpty else { return [] }
    return ["", "Log: the last \(log.lastLines.count) of \(log.lineCount) lines"] + log.lastLines
  }
}
