import DumpMemory
import KernelModel
import PageCompression
import Testing

@testable import vmsieve

// Serialized: getopt_long has one state for the whole process.
@Suite("Options are read by makedumpfile's rules", .serialized)
struct OptionParserTests {
  private func parse(_ line: String, files: Set<String> = []) throws(CommandLineError) -> Invocation {
    try parse(line.split(separator: " ").map(String.init), files: files)
  }

  private func parse(_ words: [String], files: Set<String> = []) throws(CommandLineError) -> Invocation {
    var parser = OptionParser(CommandLineArguments(["vmsieve"] + words))
    return try parser.parse(fileExists: files.contains)
  }

  private func dump(_ line: String, files: Set<String> = []) throws -> DumpRequest {
    try dump(line.split(separator: " ").map(String.init), files: files)
  }

  private func dump(_ words: [String], files: Set<String> = []) throws -> DumpRequest {
    let request = try parse(words, files: files).request
    guard case .dump(let dump) = request else { throw NoDump(request: request) }
    return dump
  }

  private struct NoDump: Error {
    let request: Request
  }

  @Test("Without options everything is kept, uncompressed, and nothing is overwritten")
  func defaults() throws {
    let invocation = try parse("vmcore dump")
    let expected = DumpRequest(memory: MemoryRequest(path: "vmcore"), destination: .file("dump"))
    #expect(invocation.request == .dump(expected))
    #expect(expected.format == .kdump(.none))
    #expect(expected.levels == [[]])
    #expect(expected.threads == nil)
    #expect(expected.memory.isMapped)
    #expect(!expected.overwrites)
    #expect(invocation.messageLevel == [.progress, .common, .error])
    #expect(!invocation.checksOnly)
  }

  @Test("Each option sets its one property")
  func eachOption() throws {
    let line = "-d 31,3 -f -L 1M --num-threads 4 --non-mmap --dry-run --message-level 12 a b"
    let request = try dump(line)
    #expect(request.levels.map(\.rawValue) == [31, 3])
    #expect(request.overwrites)
    #expect(request.sizeLimit == 1 << 20)
    #expect(request.threads == 4)
    #expect(!request.memory.isMapped)
    #expect(request.isDryRun)
    #expect(request.memory.path == "a")
    #expect(request.destination == .file("b"))
    #expect(try parse(line).messageLevel == [.error, .debug])
  }

  @Test("A line asks for one task, with what that task needs and no more")
  func tasks() throws {
    let memory = MemoryRequest(path: "a")
    #expect(
      try parse("--dump-dmesg -c -f a b").request
        == .log(LogRequest(memory: memory, output: "b", overwrites: true, onlySinceClear: false)))
    #expect(
      try parse("--dump-dmesg --partial-dmesg -F a").request
        == .log(LogRequest(memory: memory, output: nil, overwrites: false, onlySinceClear: true)))
    #expect(
      try parse("-R --keep-partial b").request
        == .rearrange(RearrangeRequest(output: "b", overwrites: false, keepsPartial: true)))
    #expect(
      try parse("--reassemble --num-threads 2 a b c").request
        == .reassemble(ReassembleRequest(parts: ["a", "b"], output: "c", overwrites: false, threads: 2)))
    #expect(
      try parse("-g b -x vmlinux").request == .generate(GenerateRequest(vmlinux: "vmlinux", output: "b")))
    #expect(
      try parse("--mem-usage -f a").request
        == .memoryUsage(MemoryUsageRequest(memory: memory, isForced: true)))
    #expect(try dump("-E a b").format == .elf)
    #expect(try dump("-F -l a").destination == .stream)
    #expect(
      try dump("--split --splitblock-size 8 a b c").destination == .files(["b", "c"], block: 8))
    #expect(throws: CommandLineError.conflict("--split cannot be used with --dump-dmesg.")) {
      try parse("--split --dump-dmesg a b c")
    }
  }

  @Test("One file of a split dump: K of N, and nothing by which the files would not fit together")
  func part() throws {
    let part = try #require(SplitPart("3/8"))
    #expect(part.number == 3 && part.count == 8)
    #expect(
      try dump("--split-part 3/8 --splitblock-size 8 --num-threads 2 a b").destination
        == .part("b", part, block: 8))
    #expect(SplitPart("0+1/2") == SplitPart("1/2") && SplitPart("7+1/8") == SplitPart("8/8"))
    for text in [
      "", "1", "0/2", "3/2", "1/1", "1/65537", "-1/2", "1/2/3", "a/2", "1/", "/2", "1 /2", "2+1/2", "+1/2",
      "+1/", "0+2/2", "+1+1/2",
    ] {
      #expect(SplitPart(text) == nil, "\(text)")
    }
    for option in ["--split", "--reassemble", "-R", "--dump-dmesg", "--mem-usage", "-E", "-F"] {
      #expect(throws: CommandLineError.conflict("\(option) cannot be used with --split-part.")) {
        try parse("\(option) --split-part 1/2 a b")
      }
    }
    for (option, argument) in [("--deadline", "9"), ("-L", "1G"), ("-g", "c")] {
      #expect(throws: CommandLineError.conflict("\(option) cannot be used with --split-part.")) {
        try parse("\(option) \(argument) --split-part 1/2 a b")
      }
    }
    #expect(throws: CommandLineError.conflict("-d with several levels cannot be used with --split-part.")) {
      try parse("-d 1,31 --split-part 1/2 a b")
    }
    #expect(throws: CommandLineError.invalid) { try parse("--split-part 1/2 a b c") }
  }

  @Test(
    "The last compressor wins",
    arguments: [
      ("-c", Codec.zlib), ("-l", .lzo), ("-p", .snappy), ("-z", .zstd),
      ("-c -l -p -z", .zstd), ("-z -c", .zlib), ("-lzcp", .snappy), ("-cpzl", .lzo),
    ])
  func lastCompressorWins(line: String, compression: Codec) throws {
    #expect(try dump(line + " a b").codec == compression)
  }

  @Test(
    "Clusters, abbreviations and operands between options mean what they mean to getopt_long",
    arguments: [
      "-ld31 a b", "-l -d31 a b", "a -l b -d 31", "a b -ld 31", "-d 7 -l -d 31 a b", "-ld31 -- a b",
    ])
  func spellings(line: String) throws {
    let request = try dump(line)
    #expect(request.codec == .lzo)
    #expect(request.levels.map(\.rawValue) == [31])
    #expect(request.memory.path == "a")
    #expect(request.destination == .file("b"))
  }

  @Test("A long option may be cut to what still names it alone, and may take its value after =")
  func abbreviations() throws {
    #expect(try parse("--message 3 a b").messageLevel == [.progress, .common])
    #expect(try parse("--mes=0 a b").messageLevel == [])
    #expect(try dump("--num=3 a b").threads == 3)
    #expect(try dump("--non a b").memory.isMapped == false)
    #expect(try dump("--dry a b").isDryRun)
    #expect(try parse("--check a b").checksOnly)
  }

  @Test("Operands behind -- may look like options")
  func operandsBehindDashes() throws {
    let request = try dump("-- -l --dry-run")
    #expect(request.memory.path == "-l")
    #expect(request.destination == .file("--dry-run"))
    #expect(request.codec == .none)
  }

  @Test("A list of dump levels replaces the one before, and numbers end where digits do")
  func dumpLevels() throws {
    #expect(try dump("-d 31,1,17 a b").levels.map(\.rawValue) == [31, 1, 17])
    #expect(try dump("-d 31,1 -d 3 a b").levels.map(\.rawValue) == [3])
    #expect(try dump("-d ,,31,,7, a b").levels.map(\.rawValue) == [31, 7])
    #expect(try dump("-d 12x a b").levels.map(\.rawValue) == [12])
    #expect(try dump("-d all a b").levels.map(\.rawValue) == [0])
    #expect(try dump(["-d", "", "a", "b"]).levels.map(\.rawValue) == [0])
    #expect(try dump("-d 31,3 -d , a b").levels.map(\.rawValue) == [31])
    #expect(try dump(["-d", " 31 7", "a", "b"]).levels.map(\.rawValue) == [31])
  }

  @Test("A dump level outside 0 to 31 is refused with its number", arguments: [-1, 32, 77, 2_147_483_647])
  func badDumpLevel(level: Int32) {
    #expect(throws: CommandLineError.dumpLevel(level)) { try parse("-d \(level) a b") }
    #expect(throws: CommandLineError.dumpLevel(level)) { try parse("-d 31,\(level) a b") }
  }

  @Test("32 dump levels are accepted, 33 are not")
  func mostDumpLevels() throws {
    let levels = (0..<32).map(String.init)
    #expect(try dump("-d \(levels.joined(separator: ",")) a b").levels.count == 32)
    #expect(throws: CommandLineError.tooManyDumpLevels) {
      try parse("-d \(levels.joined(separator: ",")),0 a b")
    }
  }

  @Test("A memory limit is bytes, of a dump")
  func memoryLimit() throws {
    #expect(try dump("--max-memory 20M a b").memoryLimit == 20 << 20)
    #expect(try dump("a b").memoryLimit == nil)
    for line in [
      "--max-memory 0 a b", "--max-memory much a b", "--max-memory 5M --dump-dmesg a b",
      "--max-memory 5M -R a",
    ] {
      #expect(throws: CommandLineError.self, "\(line)") { try parse(line) }
    }
  }

  @Test("A compression level is one that the codec has")
  func compressionLevel() throws {
    #expect(try dump("-c --compression-level 12 a b").level == 12)
    #expect(try dump("--compression-level=-7 -z a b").level == -7)
    #expect(try dump("-z a b").level == nil)
    for line in [
      "-c --compression-level 0", "-c --compression-level 13", "-z --compression-level=-8",
      "-z --compression-level fast",
      "-l --compression-level 1", "--compression-level 1", "-E --compression-level 1",
      "-c --compression-level 1 --dump-dmesg",
    ] {
      #expect(throws: CommandLineError.self, "\(line)") { try parse("\(line) a b") }
    }
    for line in ["-R a", "--reassemble a b c", "-g a -x b", "--mem-usage a"] {
      #expect(throws: CommandLineError.self, "\(line)") { try parse("--compression-level 1 \(line)") }
    }
  }

  @Test("A deadline is a number of seconds, of a dump to one file or a stream")
  func deadline() throws {
    #expect(try dump("--deadline 300 a b").deadline == 300)
    #expect(try dump("-F --deadline=1 a").deadline == 1)
    for text in ["0", "-1", "1.5", "5m", "", "99999999999999999999"] {
      #expect(throws: CommandLineError.self) { try parse("--deadline=\(text) a b") }
    }
    for line in [
      "-E a b", "--split a b c", "--dump-dmesg a b", "-R a", "--reassemble a b c", "--dry-run a b",
    ] {
      #expect(throws: CommandLineError.self, "\(line)") { try parse("--deadline 5 \(line)") }
    }
  }

  @Test("A message level outside 0 to 31 is refused with its number", arguments: [-1, 32])
  func badMessageLevel(level: Int32) {
    #expect(throws: CommandLineError.messageLevel(level)) { try parse("--message-level=\(level) a b") }
  }

  @Test("-D and --show-stats add to the message level wherever they stand")
  func addedMessageLevels() throws {
    #expect(try parse("-D --message-level 2 a b").messageLevel == [.common, .debug])
    #expect(try parse("--show-stats --message-level 2 a b").messageLevel == [.common, .report])
    #expect(try parse("-D --show-stats a b").messageLevel.rawValue == 31)
  }

  @Test("--check-params speaks at the default level whatever was asked for")
  func levelOfChecks() throws {
    #expect(try parse("-D --message-level 0 --check-params --show-stats a b").messageLevel == .default)
    #expect(try parse("--check-params --message-level 0 a b").messageLevel == .default)
    // So that what is wrong further on is said.
    for line in ["--message-level 0 --check-params -d 32", "--check-params --message-level 0 -d 32"] {
      var parser = OptionParser(
        CommandLineArguments(["vmsieve"] + line.split(separator: " ").map(String.init)))
      #expect(throws: CommandLineError.dumpLevel(32)) { try parser.parse { _ in false } }
      #expect(parser.options.messageLevel == .default)
    }
  }

  @Test("A bad message level is said at the default level")
  func levelOfBadLevel() {
    var parser = OptionParser(CommandLineArguments(["vmsieve", "--message-level=0", "--message-level=32"]))
    #expect(throws: CommandLineError.messageLevel(32)) { try parser.parse { _ in false } }
    #expect(parser.options.messageLevel == .default)
  }

  @Test(
    "No number of threads, 0 or below is as many as there are processors", arguments: ["0", "-4", "x", ""])
  func automaticThreads(value: String) throws {
    #expect(try dump(["--num-threads", value, "a", "b"]).threads == nil)
    #expect(try dump(["--num-threads=8", "--num-threads", value, "a", "b"]).threads == nil)
  }

  @Test(
    "A size is a number of any base with a suffix",
    arguments: [
      ("1", 1), ("4096", 4096), ("0x1000", 4096), ("010", 8), ("1k", 1 << 10), ("2M", 2 << 20),
      ("0x3G", 3 << 30), ("4t", 4 << 40), ("5P", 5 << 50), ("15E", 15 << 60), (" 7", 7),
      ("18446744073709551615", UInt64.max),
    ] as [(String, UInt64)])
  func sizes(text: String, size: UInt64) throws {
    #expect(SizeArgument.parse(text) == size)
    #expect(try dump(["-L", text, "a", "b"]).sizeLimit == size)
  }

  @Test(
    "A size of nothing, with something behind it, or of more than 64 bits is refused",
    arguments: ["", "0", "0k", "x", "12x", "1kb", "1 k", "1KK", "0x", "16E", "17E", "1.5G", "K", "-1k"])
  func badSizes(text: String) {
    #expect(SizeArgument.parse(text) == nil)
    #expect(throws: CommandLineError.sizeLimit(text)) { try parse(["-L", text, "a", "b"]) }
  }

  @Test("Options without effect are remembered and their values are not looked at")
  func withoutEffect() throws {
    let invocation = try parse("-b x --cyclic-buffer -1 --work-dir /nowhere a b")
    #expect(invocation.withoutEffect == ["-b", "--cyclic-buffer", "--work-dir"])
  }

  @Test(
    "Every option that is not supported is refused by name",
    arguments: OptionTable.all.filter { if case .refused = $0.treatment { true } else { false } }
      .map { ($0.spelling, $0.takesArgument) })
  func notSupported(spelling: String, takesArgument: Bool) throws {
    let words = takesArgument ? [spelling, "value"] : [spelling]
    let error = try #require(throws: CommandLineError.self) { try parse(words + ["a", "b"]) }
    guard case .notSupported(let option, let advice) = error else {
      Issue.record("\(spelling) gave \(error)")
      return
    }
    #expect(option == spelling)
    #expect(!advice.isEmpty)
    #expect(throws: error) { try parse(["--check-params"] + words + ["a", "b"]) }
    #expect(try parse(words + ["--help"]).request == .help(nil))
  }

  @Test("A wrong number of operands is refused", arguments: ["", "a", "a b c", "-l -d 31 a"])
  func operandCount(line: String) {
    #expect(throws: CommandLineError.invalid) { try parse(line) }
  }

  @Test("Help comes before the version, and both before everything but a bad value")
  func questions() throws {
    #expect(try parse("-h").request == .help(nil))
    #expect(try parse("--help").request == .help(nil))
    #expect(try parse("-v").request == .version)
    #expect(try parse("-v -h").request == .help(nil))
    #expect(try parse("-E -v a b c").request == .version)
    #expect(throws: CommandLineError.dumpLevel(77)) { try parse("-v -d 77") }
  }

  @Test(
    "A verb that is not the first word is said to be one, unless there is such a file",
    arguments: Verb.allCases)
  func verbs(verb: Verb) throws {
    #expect(throws: CommandLineError.verbNotFirst(verb)) { try parse("\(verb.rawValue) dump") }
    #expect(throws: CommandLineError.verbNotFirst(verb)) { try parse("-D \(verb.rawValue) a b c") }
    #expect(try dump("\(verb.rawValue) dump", files: [verb.rawValue]).memory.path == verb.rawValue)
    #expect(try dump("vmcore \(verb.rawValue)").destination == .file(verb.rawValue))
  }

  @Test("--check-params does not look for a verb's file")
  func verbsWhenChecking() throws {
    var parser = OptionParser(CommandLineArguments(["vmsieve", "--check-params", "verify", "dump"]))
    let invocation = try parser.parse { name in
      Issue.record("looked for \(name)")
      return false
    }
    #expect(invocation.request.inputs == ["verify"])
  }

  @Test("A word that is not UTF-8 is refused: its file name would come out changed")
  func notUTF8() {
    var arguments = CommandLineArguments(["vmsieve", "vmcore", "dump\u{fffd}"])
    arguments.firstUnreadable = 2
    var parser = OptionParser(arguments)
    #expect(throws: CommandLineError.notUTF8(2)) { try parser.parse { _ in false } }
  }

  @Test("Every name and letter stands in the table once")
  func tableHasNoDuplicates() {
    let spellings = OptionTable.all.map(\.spelling)
    #expect(Set(spellings).count == spellings.count)
    let letters = OptionTable.all.map(\.letter).filter { $0 != 0 }
    #expect(Set(letters).count == letters.count)
    #expect(letters.map { String(UnicodeScalar($0)) }.sorted().joined() == "DEFLRXbcdefghilpvxz")
  }
}
