import CLibFuzzer
import FuzzTargets
@preconcurrency import Glibc

/// `vmsieve-fuzz TARGET [libFuzzer's options] [CORPUS...]`, `vmsieve-fuzz seed TARGET FOLDER`, `vmsieve-fuzz list`
@main struct VMSieveFuzz {
  /// What libFuzzer calls; C functions know nothing but what is global.
  nonisolated(unsafe) private static var target: (any FuzzTarget)?

  /// Says to a process that this one starts which target it is for.
  private static let variable = "VMSIEVE_FUZZ_TARGET"

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    switch arguments.first {
    case "list":
      for target in FuzzTargets.all { print("\(target.name)\t\(target.mostBytes)\t\(target.input)") }
    case "seed" where arguments.count == 3:
      let target = make(arguments[2])
      for seed in target.seeds() { write(seed, to: arguments[3]) }
    // libFuzzer starts itself anew for -fork and -merge, with its own options alone.
    case .some(let option) where option.hasPrefix("-"):
      guard let name = getenv(variable) else { fail("the target comes first, then libFuzzer's options") }
      fuzz(make(String(cString: name)), arguments)
    case .some(let name):
      setenv(variable, name, 1)
      fuzz(make(name), arguments.dropFirst())
    case nil: fail("which target? `vmsieve-fuzz list` knows them")
    }
  }

  private static func make(_ name: String) -> any FuzzTarget {
    guard let target = FuzzTargets.all.first(where: { $0.name == name }) else {
      fail("no target is called \(name); `vmsieve-fuzz list` knows them")
    }
    return target.init()
  }

  private static func fuzz(_ chosen: any FuzzTarget, _ options: ArraySlice<String>) {
    target = chosen
    // An option behind it overrides the length.
    let length = "-max_len=\(type(of: chosen).mostBytes)"
    let words = [CommandLine.arguments[0], length] + options
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var argc = Int32(words.count)
    let status = argv.withUnsafeMutableBufferPointer { buffer in
      var base = buffer.baseAddress
      return LLVMFuzzerRunDriver(&argc, &base) { data, size in
        let input = data.map { Array(UnsafeBufferPointer(start: $0, count: size)) } ?? []
        do throws(FuzzFinding) { try VMSieveFuzz.target?.run(input) } catch { VMSieveFuzz.abort("\(error)") }
        return 0
      }
    }
    exit(status)
  }

  private static func write(_ seed: FuzzSeed, to folder: String) {
    guard let file = fopen(folder + "/" + seed.name, "w") else {
      fail("\(folder)/\(seed.name) cannot be written")
    }
    let count = seed.bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard fclose(file) == 0, count == seed.bytes.count else {
      fail("\(folder)/\(seed.name) cannot be written")
    }
  }

  private static func fail(_ reason: String) -> Never {
    fputs("vmsieve-fuzz: \(reason)\n", stderr)
    exit(1)
  }

  /// Dies, so that libFuzzer keeps the input.
  private static func abort(_ reason: String) -> Never {
    fputs("vmsieve-fuzz: FINDING: \(reason)\n", stderr)
    Glibc.abort()
  }
}
