import FaultInjector
import Foundation
import Glibc
import Testing

/// The program's run to its end, with a fault or without.
struct FaultedRun {
  /// Seconds that a run may take. One takes some milliseconds.
  static let seconds: Int32 = 30

  /// Exit status; nil where a signal ended it.
  var status: Int32?
  var signal: Int32?
  var isHung = false
  var errors = ""
  /// How many calls the fault happened to.
  var hits = 0
  /// Calls by their numbers, as the injector has them.
  private var counts: [UInt] = []

  /// Whether this process may trace others. Said aloud, once.
  static let isPossible: Bool = {
    let works = fault_injection_works() == 1
    if !works {
      print("NO PROGRAM CAN BE TRACED HERE (ptrace, seccomp): THAT SYSTEM CALLS FAIL IS NOT TESTED")
    }
    return works
  }()

  /// - Parameters:
  ///   - fault: nil counts calls.
  ///   - streams: descriptors for stdin and stdout, kept open.
  ///   - errors: a file for stderr.
  init(
    _ arguments: [String], fault: Fault?, streams: (input: Int32, output: Int32), errors path: String,
    in folder: String
  ) throws {
    let errorsFile = Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try #require(errorsFile >= 0)
    defer { close(errorsFile) }
    var plan =
      fault?.plan
      ?? fault_plan(
        call: Int32(FAULT_ANY_CALL), action: Int32(FAULT_NONE), value: 0, first: 0, last: 0,
        begin: Fault.firstCall)
    var outcome = fault_outcome()
    let words = ([ProgramUnderTest.path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let descriptors = [streams.input, streams.output, errorsFile]
    let error = fault_run(
      ProgramUnderTest.path, words, folder, descriptors, &plan, Self.seconds, &outcome)
    try #require(error == 0, "\(ProgramUnderTest.path): \(String(cString: strerror(error)))")
    isHung = outcome.timed_out != 0
    hits = Int(outcome.hits)
    counts = withUnsafeBytes(of: &outcome.counts) { Array($0.bindMemory(to: UInt.self)) }
    let ending = outcome.status
    if ending & 0x7f == 0 { status = ending >> 8 & 0xff } else { signal = ending & 0x7f }
    self.errors = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }

  /// What was said on stderr, but for progress.
  var messages: [Substring] { errors.split(separator: "\n").filter { !$0.contains(" %] ") } }

  /// How often a call was made.
  func count(of call: Fault.Call) -> UInt {
    switch call {
    case .any: counts.reduce(0, +)
    default: counts[Int(call.number)]
    }
  }

  /// How the run ended, for the table.
  var ending: String {
    if isHung { return "hang" }
    if let signal { return "signal \(signal)" }
    return "exit \(status ?? -1)"
  }
}
