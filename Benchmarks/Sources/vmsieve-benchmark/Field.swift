import Foundation

/// What all contests share: the programs, the vmcore in the page cache, the place of the output.
struct Field {
  let vmsieve: String
  let makedumpfile: String
  let vmcore: String
  let output: String
  let outputIsMemory: Bool
  /// Rounds that count, after one that warms up.
  let rounds: Int
  /// Seconds after which a run is given up.
  let limit: Double

  /// - Parameter vmcore: nil for the one that VMSIEVE_BENCH_VMCORE names.
  init(_ environment: [String: String], vmcore: String? = nil) throws(BenchmarkFailure) {
    func executable(_ name: String, _ path: String?) throws(BenchmarkFailure) -> String {
      let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init) + ["/usr/sbin"]
      let places = path.map { [$0] } ?? folders.map { "\($0)/\(name)" }
      guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
        throw BenchmarkFailure("there is no \(name): run this with make bench")
      }
      return found
    }
    vmsieve = try executable("vmsieve", environment["VMSIEVE"])
    makedumpfile = try executable("makedumpfile", environment["VMSIEVE_PEER"])
    guard let vmcore = vmcore ?? environment["VMSIEVE_BENCH_VMCORE"] else {
      throw BenchmarkFailure("VMSIEVE_BENCH_VMCORE names no vmcore: run this with make bench")
    }
    self.vmcore = vmcore
    rounds = environment["VMSIEVE_BENCH_ROUNDS"].flatMap(Int.init) ?? 5
    limit = 180

    let size = try Field.readIntoPageCache(vmcore)
    var memory = statvfs()
    let free = statvfs("/dev/shm", &memory) == 0 ? Int(memory.f_bavail) * Int(memory.f_frsize) : 0
    outputIsMemory = free > size
    let folder = outputIsMemory ? "/dev/shm" : FileManager.default.temporaryDirectory.path
    output = "\(folder)/vmsieve-benchmark-\(getpid())"
  }

  /// - Parameter limit: seconds after which the run is given up; nil for the usual ones.
  func run(_ program: String, _ options: [String], limit: Double? = nil) throws(BenchmarkFailure)
    -> TimedRun
  {
    try TimedRun(program, options + [vmcore, output], output: output, limit: limit ?? self.limit)
  }

  private static func readIntoPageCache(_ path: String) throws(BenchmarkFailure) -> Int {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw BenchmarkFailure("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var size = 0
    while true {
      let count = read(descriptor, buffer, 1 << 20)
      guard count > 0 else { return size }
      size += count
    }
  }
}
