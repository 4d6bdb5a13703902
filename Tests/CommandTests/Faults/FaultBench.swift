import DumpFixtures
import DumpJudge
import Foundation
import Glibc
import Testing

/// A folder with what the scenarios read, and what each of them makes when nothing fails.
final class FaultBench {
  private static let replaced = "what was there before"

  let folder: ScratchFolder
  let truth: ELFVmcore
  private(set) var scenario: FaultScenario
  /// What each output is when nothing fails, by its name.
  private(set) var references: [String: Data] = [:]
  /// The run in which nothing failed.
  private(set) var sound: FaultedRun

  /// What is said goes elsewhere: the folder's filesystem may be full.
  private let messages: ScratchFolder
  private static let ballast = "ballast"

  /// - Parameter place: where the folder is made.
  init(_ scenario: FaultScenario, in place: URL = FileManager.default.temporaryDirectory) throws {
    self.scenario = scenario
    folder = try ScratchFolder(in: place)
    messages = try ScratchFolder()
    try Self.makeInputs(folder)
    truth = try ELFVmcore(folder.path("core"))
    sound = try Self.run(scenario, fault: nil, in: folder, messages: messages)
    try #require(
      sound.status == 0 && sound.messages.allSatisfy { $0.contains("warning: ") } && !sound.isHung,
      "\(scenario): \(sound.ending) \(sound.errors)")
    for name in scenario.outputs {
      references[name] = try Data(contentsOf: folder.url(name))
      try FileManager.default.copyItem(at: folder.url(name), to: folder.url("reference-\(name)"))
    }
    let line: String? =
      switch scenario.product {
      case .stream: "$v -R reference-rearranged-out < out"
      case .dumps(let names) where names.count > 1:
        "$v --reassemble \(names.joined(separator: " ")) reference-rearranged-out"
      default: nil
      }
    if let line {
      let back = try ProgramUnderTest.bash(line, core: "core", in: folder)
      try #require(back.status == 0, "\(back)")
    }
  }

  /// A machine with pages of every kind and some messages; one of SME whose low memory is damaged; and dumps of them.
  private static func makeInputs(_ folder: ScratchFolder) throws {
    var configuration = KernelConfiguration(.v6_1)
    configuration.ram = [0..<256, 300..<420]
    let kernel = SyntheticKernel(configuration)
    kernel.writeRingLog(LogCommandTests.entries)
    kernel.setFree(pfn: 128, order: 6)
    kernel.setCache(pfn: 4, order: 2)
    kernel.setAnonymous(pfn: 32, order: 3)
    kernel.setSlab(pfn: 48, order: 2)
    for pfn in UInt64(200)..<230 { kernel.memory.store([UInt8](repeating: 0, count: 4096), at: pfn << 12) }
    try Data(kernel.vmcore().bytes).write(to: folder.url("core"))
    let encrypted = SyntheticKernel.withLowMemory()
    var damaged = encrypted.vmcore()
    encrypted.damageLowMemory(.xe, in: &damaged)
    try Data(damaged.bytes).write(to: folder.url("sme"))
    for line in [
      "-l -d 1 core dump", "--split --splitblock-size 512 -l -d 1 core part1 part2", "-F -l -d 1 core > flat",
    ] {
      let made = try ProgramUnderTest.bash("$v --message-level 4 \(line)", core: "core", in: folder)
      try #require(made.status == 0, "\(line): \(made)")
    }
    var breaker = try DumpBreaker(folder.path("dump"))
    breaker.zeroDescriptors(40..<42)
    try breaker.write(to: folder.path("broken"))
  }

  /// Runs the scenario with a fault in a folder where nothing is that it makes.
  func run(_ fault: Fault?) throws -> FaultedRun {
    try Self.run(scenario, fault: fault, in: folder, messages: messages)
  }

  /// What is left beside the place of a file.
  func partials(of name: String) -> [String] { Self.partials(of: name, in: folder) }

  private static func partials(of name: String, in folder: ScratchFolder) -> [String] {
    ((try? folder.contents) ?? []).filter { $0.hasPrefix(name + ".") && $0.hasSuffix(".partial") }
  }

  /// Removes what the scenario makes.
  func removeOutputs() { Self.removeOutputs(scenario, in: folder) }

  private static func removeOutputs(_ scenario: FaultScenario, in folder: ScratchFolder) {
    for name in scenario.outputs {
      unlink(folder.path(name))
      for left in partials(of: name, in: folder) { unlink(folder.path(left)) }
    }
  }

  /// Fills the folder's filesystem but for so many bytes, or takes all of that away again.
  func leaveRoom(_ byteCount: Int?) throws {
    unlink(folder.path(Self.ballast))
    guard let byteCount else { return }
    var status = statvfs()
    try #require(statvfs(folder.url.path, &status) == 0)
    let room = Int(status.f_bavail) * Int(status.f_frsize) - byteCount
    let file = open(folder.path(Self.ballast), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(file) }
    try #require(file >= 0 && posix_fallocate(file, 0, max(room, 1)) == 0)
  }

  private static func run(
    _ scenario: FaultScenario, fault: Fault?, in folder: ScratchFolder, messages: ScratchFolder
  ) throws -> FaultedRun {
    removeOutputs(scenario, in: folder)
    // -f is there to replace something.
    if scenario.arguments.contains("-f") { try folder.write(replaced, to: scenario.outputs[0]) }
    let input = open(
      scenario.input.hasPrefix("/") ? scenario.input : folder.path(scenario.input), O_RDONLY | O_CLOEXEC)
    let output = open(folder.path("out"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer {
      close(input)
      close(output)
    }
    try #require(input >= 0 && output >= 0)
    return try FaultedRun(
      scenario.arguments, fault: fault, streams: (input, output), errors: messages.path("errors"),
      in: folder.url.path)
  }

  /// Whether an output is what it is when nothing fails.
  func isReference(_ name: String) -> Bool {
    guard let bytes = try? Data(contentsOf: folder.url(name), options: .alwaysMapped) else { return false }
    return bytes == references[name]
  }

  /// Whether an output is what was there before, which `-f` has not replaced yet.
  func isUntouched(_ name: String) -> Bool {
    (try? String(contentsOf: folder.url(name), encoding: .utf8)) == Self.replaced
  }

  func exists(_ name: String) -> Bool { access(folder.path(name), F_OK) == 0 }

  func size(_ name: String) -> Int {
    var status = stat()
    return stat(folder.path(name), &status) == 0 ? Int(status.st_size) : 0
  }
}
