/// A command line whose system calls are made to fail.
struct FaultScenario: Sendable, CustomStringConvertible {
  /// What the command makes, and so what is to hold of it.
  enum Product: Equatable, Sendable {
    /// A kdump-compressed dump, or the files of a split one.
    case dumps([String])
    /// An ELF core.
    case core(String)
    /// A flattened stream, on stdout.
    case stream
    /// A file that appears whole or not at all.
    case replacement(String)
    /// A file beside an answer, which may be right where the answer is not.
    case besides(String)
    /// A text that ends where the writing of it failed.
    case text(String)
    /// An answer, on stdout.
    case answer
  }

  let name: String
  /// In the folder of a ``FaultBench``.
  let arguments: [String]
  /// What is read from stdin.
  var input = "/dev/null"
  let product: Product

  var description: String { name }

  /// The files that are made; stdout is `out`.
  var outputs: [String] {
    switch product {
    case .dumps(let paths): paths
    case .core(let path), .replacement(let path), .besides(let path), .text(let path): [path]
    case .stream, .answer: ["out"]
    }
  }

  init(_ name: String, _ line: String, input: String = "/dev/null", makes product: Product) {
    self.name = name
    var words = line.split(separator: " ").map(String.init)
    // Errors alone.
    switch words[0] {
    case "verify", "inspect": break
    case "repair": words.insert(contentsOf: ["--message-level", "4"], at: 1)
    default: words = ["--message-level", "4"] + words
    }
    arguments = words
    self.input = input
    self.product = product
  }

  static let all = [
    FaultScenario("-l -d 1, 1 thread", "-l -d 1 --num-threads 1 core new", makes: .dumps(["new"])),
    FaultScenario("-l -d 31, 2 threads", "-l -d 31 --num-threads 2 core new", makes: .dumps(["new"])),
    FaultScenario(
      "-z -d 31 --non-mmap, 2 threads", "-z -d 31 --num-threads 2 --non-mmap core new", makes: .dumps(["new"])
    ),
    FaultScenario("-d 0 -f", "-d 0 -f --num-threads 1 core new", makes: .dumps(["new"])),
    FaultScenario("-L", "-l -d 1 -L 64M --num-threads 1 core new", makes: .dumps(["new"])),
    FaultScenario("refiltered", "-z -d 31 --num-threads 1 --non-mmap dump new", makes: .dumps(["new"])),
    FaultScenario(
      "--split", "--split --splitblock-size 512 -l -d 1 core new more", makes: .dumps(["new", "more"])),
    FaultScenario("--reassemble", "--reassemble part1 part2 new", makes: .replacement("new")),
    FaultScenario(
      "--reassemble --unchecked", "--reassemble --unchecked part1 part2 new", makes: .replacement("new")),
    FaultScenario(
      "--split-part", "--split-part 2/2 --splitblock-size 512 -l -d 1 --num-threads 1 core new",
      makes: .replacement("new")),
    FaultScenario(
      "--skip-done", "--skip-done -l -d 1 --num-threads 1 core new", makes: .replacement("new")),
    FaultScenario("-E", "-E -d 31 core new", makes: .core("new")),
    FaultScenario("-F, 1 thread", "-F -l -d 1 --num-threads 1 core", makes: .stream),
    FaultScenario("-F, 2 threads", "-F -z -d 31 --num-threads 2 --non-mmap core", makes: .stream),
    FaultScenario("-E -F", "-E -F -d 31 core", makes: .stream),
    FaultScenario("-R", "-R new", input: "flat", makes: .replacement("new")),
    FaultScenario("repair of an ELF core", "repair sme new", makes: .replacement("new")),
    FaultScenario("repair of a dump", "repair broken new", makes: .replacement("new")),
    FaultScenario("--dump-dmesg", "--dump-dmesg core new", makes: .text("new")),
    FaultScenario("verify", "verify dump", makes: .answer),
    FaultScenario("verify --sum", "verify --sum new dump", makes: .besides("new")),
    FaultScenario("inspect", "inspect sme", makes: .answer),
    FaultScenario("inspect --html", "inspect --html new sme", makes: .besides("new")),
  ]
}
