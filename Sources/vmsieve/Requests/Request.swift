/// One of the program's tasks, with all that it needs.
enum Request: Equatable {
  /// - Parameter verb: what the line began with.
  case help(Verb?)
  case version
  case dump(DumpRequest)
  case log(LogRequest)
  case rearrange(RearrangeRequest)
  case reassemble(ReassembleRequest)
  case generate(GenerateRequest)
  case memoryUsage(MemoryUsageRequest)
  case verify(VerifyRequest)
  case inspect(InspectRequest)
  case repair(RepairRequest)
  case bench(BenchRequest)

  /// Whether it is asked for by a verb, and not as makedumpfile is.
  var isVerb: Bool {
    switch self {
    case .verify, .inspect, .repair, .bench: true
    case .help, .version, .dump, .log, .rearrange, .reassemble, .generate, .memoryUsage: false
    }
  }

  /// Whether who asks for it again may, and so is told when that is worth it. What collects answers as makedumpfile does.
  var mayBeRepeated: Bool {
    switch self {
    case .reassemble: true
    case .dump(let request): request.isRepeatable
    case .verify, .inspect, .repair, .bench: true
    case .help, .version, .log, .rearrange, .generate, .memoryUsage: false
    }
  }

  /// A request that leaves an output alone which is done (`--skip-done`), and what it writes there else.
  func recording(_ record: OutputRecord, replacing: Bool) -> Request {
    switch self {
    case .dump(var request):
      request.record = record
      request.overwrites = request.overwrites || replacing
      return .dump(request)
    case .reassemble(var request):
      request.record = record
      request.overwrites = request.overwrites || replacing
      return .reassemble(request)
    case .repair(var request):
      request.record = record
      request.overwrites = request.overwrites || replacing
      return .repair(request)
    default: return self
    }
  }

  /// The files among ``inputs`` that a dump is made of; others say how.
  var sources: [String] {
    switch self {
    case .dump(let request): [request.memory.path]
    case .reassemble(let request): request.parts
    case .repair(let request): request.dumps
    default: []
    }
  }

  /// Files that are read.
  var inputs: [String] {
    switch self {
    case .dump(let request): request.memory.files
    case .log(let request): request.memory.files
    case .memoryUsage(let request): request.memory.files
    case .inspect(let request): request.memory.files
    case .bench(let request): request.memory.files
    case .repair(let request):
      request.memory.files + request.dumps.dropFirst() + [request.checked].compactMap { $0 }
    case .reassemble(let request): request.parts
    case .verify(let request): request.dumps + [request.checked].compactMap { $0 }
    case .generate(let request): [request.vmlinux]
    case .rearrange, .help, .version: []
    }
  }

  /// Whether the dump comes from stdin.
  var readsStandardInput: Bool {
    if case .rearrange = self { true } else { false }
  }

  /// Files that are written.
  var outputs: [String] {
    switch self {
    case .dump(let request):
      request.destination.paths + [request.report].compactMap { $0 }
    case .log(let request): request.output.map { [$0] } ?? []
    case .reassemble(let request): [request.output]
    case .generate(let request): [request.output]
    case .rearrange(let request): [request.output]
    case .repair(let request): [request.output]
    case .verify(let request): [request.written].compactMap { $0 }
    case .inspect(let request): [request.page].compactMap { $0 }
    case .memoryUsage, .bench, .help, .version: []
    }
  }
}
