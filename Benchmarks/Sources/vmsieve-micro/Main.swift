import DumpMemory
import Foundation
import PageCompression
import Platform

/// Pieces of vmsieve by themselves. `Benchmarks/micro` counts the instructions that they take.
@main
struct Main {
  static func main() {
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      switch (arguments.first, arguments.count) {
      case ("list", 1):
        for benchmark in MicroBenchmark.all { print(benchmark.name, benchmark.unit, separator: "\t") }
      case ("run", 3):
        guard let benchmark = MicroBenchmark.all.first(where: { $0.name == arguments[1] }),
          let times = Int(arguments[2])
        else { throw MicroFailure("no benchmark \(arguments[1])") }
        print(try benchmark.prepare()(times))
      case ("codec", 3):
        try CodecAlone.run(arguments[1], dump: arguments[2])
      case ("copy", 3):
        try CopyAlone.run(from: arguments[1], to: arguments[2])
      case ("bandwidth", 1):
        try MemoryBandwidth.run()
      default:
        throw MicroFailure("list | bandwidth | run NAME TIMES | codec NAME DUMP | copy FILE NEW")
      }
    } catch {
      FileHandle.standardError.write(Data("vmsieve-micro: \(error)\n".utf8))
      exit(1)
    }
  }
}
