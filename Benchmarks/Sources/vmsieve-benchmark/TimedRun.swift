import Foundation

/// What one run of a program cost, as the kernel accounted it to the process (`wait4`).
struct TimedRun {
  /// Seconds from before the spawn to after the wait.
  var wall: Double
  /// Seconds of all threads.
  var user: Double
  var system: Double
  /// `VmHWM` in bytes, as it was last seen before the end. Pages of a mapped input count, as long as they are mapped.
  ///
  /// Not `ru_maxrss`: that of a spawned process begins with what its parent had.
  var peakMemory: Int
  /// Bytes of the file that it wrote.
  var outputSize: Int
  /// False if the time limit ended it.
  var completed: Bool

  /// User and system seconds of all threads.
  var processor: Double { user + system }

  /// Runs a program once, unheard; its output file is made anew, and gone when this returns.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - output: the file that it is going to write.
  ///   - limit: seconds after which it is killed.
  ///   - keeps: whether the output is left where it is.
  ///   - messages: the file that gets what it says; nil if nobody reads that.
  init(
    _ program: String, _ arguments: [String], output: String, limit: Double, messages: String? = nil,
    keeps: Bool = false
  ) throws(BenchmarkFailure) {
    unlink(output)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for descriptor in [Int32(1), 2] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, messages ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }

    var process = pid_t()
    let start = TimedRun.now()
    let code = posix_spawn(&process, program, &actions, nil, &words, environ)
    guard code == 0 else { throw BenchmarkFailure("\(program): \(String(cString: strerror(code)))") }
    var status: Int32 = 0
    var usage = rusage()
    let timer = KillTimer(process, after: limit)
    let memory = PeakMemory(of: process)
    while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}
    wall = TimedRun.now() - start
    let killed = timer.stop()
    guard killed || status == 0 else {
      throw BenchmarkFailure(
        "\(program) \(arguments.joined(separator: " ")) ended with wait status \(status)")
    }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    user = seconds(usage.ru_utime)
    system = seconds(usage.ru_stime)
    peakMemory = memory.stop()
    var file = stat()
    outputSize = stat(output, &file) == 0 ? Int(file.st_size) : 0
    completed = !killed
    if !keeps { unlink(output) }
  }

  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
