internal import DumpMemory
internal import KernelModel
internal import Platform

extension CrashSummary {
  /// `kernel`: which one it was, and on which machine.
  var kernelJSON: JSONObject {
    var object = JSONObject()
    func text(_ text: String) -> String? { text.isEmpty ? nil : text.printable }
    object.add("release", text(identity.names.release))
    object.add("version", text(identity.names.version))
    object.add("machine", text(identity.names.machine))
    object.add("host", text(identity.names.nodeName))
    object.add("domain", text(identity.names.domainName))
    object.add("hardware", identity.hardware)
    object.add("processor_model", identity.processorModel)
    object.add("command_line", identity.commandLine)
    object.add("taint", identity.taint.map { Self.json($0) })
    return object
  }

  /// `crash`: when, where and why.
  var crashJSON: JSONObject {
    var object = JSONObject()
    object.add("kind", log?.cause.kind.rawValue)
    object.add("panic", log?.cause.panic)
    object.add("finding", log?.cause.finding)
    object.add(
      "signature",
      signature.map { signature in
        var object = JSONObject()
        object.add("hash", signature.hash)
        object.add("text", signature.text)
        object.add("functions", signature.functions)
        return object
      })
    object.add("processor", json: identity.crashedProcessor.map { "\($0)" } ?? "null")
    object.add("task", crashed?.state.task.map { Self.json($0) })
    object.add("time", json: identity.crashTime.map { "\($0)" } ?? "null")
    object.add("time_utc", identity.crashTime.map { UTCTime.text($0) })
    object.add("uptime_seconds", json: uptime.map { "\($0)" } ?? "null")
    return object
  }

  /// `tasks`: how many in each state, and the blocked ones with their stacks.
  var tasksJSON: JSONObject? {
    guard let tasks else { return nil }
    var object = JSONObject()
    object.add("count", tasks.tasks.count)
    var states = JSONObject()
    for (state, count) in tasks.counts { states.add(state.rawValue, count) }
    object.add("states", states)
    object.add(
      "blocked",
      blocked.map { blocked in
        var object = Self.json(blocked.task)
        object.add("stack", json(blocked.stack) { _ in "task" })
        return object
      })
    return object
  }

  /// `cpus`: each processor with its registers, task and stack.
  var processorsJSON: [JSONObject] {
    processors.map { processor in
      var object = JSONObject()
      object.add("cpu", processor.state.number)
      object.add("crashed", processor.state.number == identity.crashedProcessor)
      object.add("registers_from", processor.state.source.rawValue)
      object.add("task", processor.state.task.map { Self.json($0) })
      object.add("registers", processor.state.registers.map { Self.json($0) })
      object.add(
        "stack",
        processor.stack.map { json($0) { processor.state.stack(holding: $0.stackPointer) } })
      return object
    }
  }

  var modulesJSON: [JSONObject]? {
    modules?.modules.map { module in
      var object = JSONObject()
      object.add("name", module.name)
      object.add("address", hexadecimal: module.address.rawValue)
      object.add("text", hexadecimal: module.text.rawValue)
      object.add("bytes", module.byteCount)
      object.add("uses", json: module.uses.map { "\($0)" } ?? "null")
      object.add("state", module.state)
      object.add("version", module.version)
      object.add("taint", Self.json(module.taint))
      return object
    }
  }

  /// `memory`: what the kernel counted, in bytes.
  var memoryJSON: JSONObject? {
    guard let counters else { return nil }
    var object = JSONObject()
    for counter in counters.counters {
      object.add(counter.name, json: counter.pages.map { "\($0 &* UInt64(pageSize))" } ?? "null")
    }
    return object
  }

  var slabsJSON: [JSONObject]? {
    slabs?.caches.map { cache in
      var object = JSONObject()
      object.add("name", cache.name)
      object.add("object_bytes", cache.objectSize)
      object.add("slabs", cache.slabs)
      object.add("objects", cache.objects)
      object.add("free_objects", json: cache.freeObjects.map { "\($0)" } ?? "null")
      object.add("bytes", cache.byteCount)
      return object
    }
  }

  var problemsJSON: [JSONObject] {
    problems.map { problem in
      var object = JSONObject()
      object.add("part", problem.part)
      object.add("reason", problem.reason)
      return object
    }
  }

  private static func json(_ taint: Taint) -> JSONObject {
    var object = JSONObject()
    object.add("mask", hexadecimal: taint.mask)
    object.add("letters", taint.letters)
    object.add("meanings", taint.meanings)
    return object
  }

  private static func json(_ task: KernelTask) -> JSONObject {
    var object = JSONObject()
    object.add("pid", task.pid)
    object.add("tgid", task.group)
    object.add("name", task.name)
    object.add("state", task.state.rawValue)
    object.add("address", hexadecimal: task.address.rawValue)
    return object
  }

  private static func json(_ registers: Registers) -> JSONObject {
    var object = JSONObject()
    for (name, value) in registers.stored { object.add(name.lowercased(), hexadecimal: value) }
    return object
  }

  private func json(_ trace: StackTrace, _ stack: (StackFrame) -> String?) -> JSONObject {
    var object = JSONObject()
    object.add(
      "frames",
      trace.frames.map { frame in
        var object = JSONObject()
        let symbol = symbolizer.symbol(of: frame)
        object.add("address", hexadecimal: frame.address)
        object.add("symbol", symbol?.name)
        object.add("offset", json: symbol.map { "\($0.offset)" } ?? "null")
        object.add("size", json: symbol?.size.map { "\($0)" } ?? "null")
        object.add("module", symbol?.module)
        object.add("stack_pointer", hexadecimal: frame.stackPointer)
        object.add("on", stack(frame))
        object.add("interrupted", frame.isExact)
        object.add("found_by", frame.origin.rawValue)
        return object
      })
    switch trace.end {
    case .whole:
      object.add("end", "whole")
      object.add("reason", nil as String?)
    case .user(let ip):
      object.add("end", "user")
      object.add("reason", "0x" + String(ip, radix: 16))
    case .lost(let reason):
      object.add("end", "lost")
      object.add("reason", reason)
    }
    return object
  }
}
