import DumpFixtures
import DumpJudge
import Foundation
import Testing

@testable import vmsieve

/// What programs of others that call makedumpfile take from its answers, each read as that program reads it.
@Suite("Programs that call makedumpfile find what they look for")
struct ConsumerTests {
  private let folder: ScratchFolder
  private let vmcore: TemporaryFile

  init() throws {
    folder = try ScratchFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("makedumpfile"), withDestinationPath: ProgramUnderTest.path)
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog([LogEntry("Linux version"), LogEntry("Kernel panic", nanoseconds: 5_000_000_000)])
    vmcore = try kernel.vmcore().write()
  }

  /// Runs a line of bash with the program under the name makedumpfile first in PATH; `$core` is a vmcore.
  private func shell(_ line: String) throws -> ProgramRun {
    let setting = "PATH='\(folder.url.path)':/usr/bin:/bin:/usr/sbin:/sbin; core='\(vmcore.path)'; "
    return try ProgramUnderTest.run("/bin/bash", ["-c", setting + line], in: folder.url)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder.path(name), encoding: .utf8)
  }

  // MARK: - Version gates

  @Test(
    "The first three numbers of -v say that the kernels up to 7.0 are known, and codecs are told one a line")
  func version() throws {
    let run = try shell("makedumpfile -v")
    #expect(run.status == 0 && run.errors == "")
    let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(
      lines.first?.wholeMatch(of: #/makedumpfile: version (\d+)\.(\d+)\.(\d+) \(released on \d+ \w+ \d+\)/#))
    let numbers = [first.1, first.2, first.3].compactMap { Int($0) }
    #expect(!numbers.lexicographicallyPrecedes([1, 7, 9]) && numbers.lexicographicallyPrecedes([2, 0, 0]))
    #expect(lines.dropFirst().prefix(3) == ["lzo\tenabled", "snappy\tenabled", "zstd\tenabled"])
    // Who looks closer sees what it is.
    #expect(lines.contains("vmsieve\tversion \(Program.version)"))
    let gate = try shell(
      "v=$(makedumpfile -v | grep -oE '[0-9]+\\.[0-9]+\\.[0-9]+' | head -n 1)"
        + "; [ \"$(printf '%s\\n' 1.7.9 \"$v\" | sort -V | head -n 1)\" = 1.7.9 ]")
    #expect(gate.status == 0)
  }

  // MARK: - retrace-server

  @Test("retrace-server reads the dump level from the debug messages of --dump-dmesg", arguments: [0, 1, 31])
  func dumpLevel(level: Int) throws {
    #expect(try shell("makedumpfile -c -d \(level) $core dump").status == 0)
    let run = try shell("makedumpfile -D --dump-dmesg dump dmesg 2> /dev/null")
    #expect(run.status == 0)
    let found = run.output.split(separator: "\n").compactMap {
      $0.prefixMatch(of: #/[ \t]*dump_level[ \t]*:[ \t]*([0-9]+)/#).flatMap { Int($0.1) }
    }
    #expect(found == [level])
    #expect(try text("dmesg").hasSuffix("] Kernel panic\n"))
    for line in [
      "diskdump main header", "  header_version   : 6", "  nr_cpus          : ", "kdump sub header",
    ] {
      #expect(run.output.contains("\n\(line)"), "\(line)")
    }
    // A vmcore that is none has no level.
    #expect(try !shell("makedumpfile -D --dump-dmesg $core other 2> /dev/null").output.contains("dump_level"))
  }

  @Test("Both header blocks are makedumpfile's", .enabled(if: MakedumpfileComparisonTests.peer != nil))
  func headerBlocks() throws {
    let peer = try #require(MakedumpfileComparisonTests.peer)
    #expect(try shell("makedumpfile -l -d 31 $core dump").status == 0)
    func block(_ program: String, _ name: String) throws -> [Substring] {
      let output = try shell("'\(program)' -D --dump-dmesg dump \(name) 2> /dev/null").output
      let lines = output.split(separator: "\n").drop { $0 != "diskdump main header" }
      return Array(lines.prefix { !$0.hasPrefix("VMCOREINFO") })
    }
    let theirs = try block(peer, "theirs")
    // makedumpfile writes 0x before a size in decimal.
    let ours = try block("makedumpfile", "ours").map { line -> String in
      line.hasPrefix("  size_") ? String(line).replacing(": ", with: ": 0x") : String(line)
    }
    // The signature has no end there, and the next field's first byte is shown with it.
    #expect(ours.dropFirst(2) == theirs.map { String($0) }.dropFirst(2))
    #expect(theirs.count > 20 && theirs[1].hasPrefix(ours[1]))
  }

  @Test("retrace-server strips a dump in silence, and makes a plain one of a flattened one")
  func strip() throws {
    let line = "makedumpfile -c -d 31 --message-level 0 $core stripped"
    #expect(try shell(line) == ProgramRun(status: 0, output: "", errors: ""))
    #expect(
      try shell("makedumpfile -F -l -d 31 $core > flat; makedumpfile -R flat.normal < flat").status == 0)
    #expect(
      try KdumpDump(folder.path("flat.normal")).dumped.frames
        == KdumpDump(folder.path("stripped")).dumped.frames)
    // What is no flattened dump leaves no file that would be renamed over the original.
    #expect(try shell("makedumpfile -R new.normal < stripped").status == 1)
    #expect(try !folder.contents.contains { $0.hasPrefix("new.normal") })
  }

  // MARK: - vmcore_sz of oled-tools

  @Test(
    "vmcore_sz finds its table in stdout and stderr together, the head in the first line",
    arguments: [false, true])
  func memoryUsage(hasNote: Bool) throws {
    var kernel = SyntheticKernel(.v6_1).elf()
    if !hasNote {
      // The table comes first even where something has to be said.
      let kernel2 = SyntheticKernel(.v6_1)
      let info = kernel2.vmcoreinfoText
      kernel2.memory.store(
        Array(info.utf8) + [UInt8](repeating: 0, count: 4096 - info.utf8.count), at: 30 << 12)
      kernel = kernel2.elf()
      kernel.notes.removeAll { $0.name == "VMCOREINFO" }
    }
    let core = try kernel.build().write()
    let run = try shell("makedumpfile --mem-usage '\(core.path)' 2>&1")
    #expect(run.status == 0, "\(run)")
    var lines = run.output.trimmingCharacters(in: .whitespacesAndNewlines).components(separatedBy: "\n")
    let head = lines.removeFirst().split(whereSeparator: \.isWhitespace)
    let type = try #require(head.firstIndex(of: "TYPE"))
    let pages = try #require(head.firstIndex(of: "PAGES"))
    var found: [String: Int] = [:]
    for line in lines {
      let words = line.split(whereSeparator: \.isWhitespace)
      if line.contains("page size:") || line.contains("Total pages on system:") {
        found[line.contains("size") ? "size" : "total"] = words.last.flatMap { Int($0) }
      } else if words.count > max(type, pages), let number = Int(words[pages]) {
        found[String(words[type])] = number
      }
    }
    #expect(found["size"] == 4096)
    let kinds = ["ZERO", "NON_PRI_CACHE", "PRI_CACHE", "USER", "FREE", "KERN_DATA"].map { found[$0] ?? -1 }
    #expect(kinds.allSatisfy { $0 >= 0 } && kinds.reduce(0, +) == found["total"])
    #expect(hasNote || run.output.contains("doesn't contain vmcoreinfo"))
  }

  // MARK: - kdump-utils

  /// The command line that kdump.sh makes of `core_collector`, on a machine with two processors.
  private func kdumpLine(_ collector: String, streams: Bool) -> String {
    guard collector.contains("makedumpfile") else { return collector }
    let line = collector.replacing("-F", with: "") + (streams ? " -F" : "")
    return line.contains("-F") || line.contains("-E") ? line : line + " --num-threads=2"
  }

  @Test(
    "mkdumprd takes the line, and kdump.sh's own form of it makes the dump",
    arguments: [
      "makedumpfile -l --message-level 7 -d 31", "makedumpfile -c --message-level 1 -d 23,31",
      "makedumpfile -F -l --message-level 7 -d 31", "makedumpfile --extension amdgpu_filter.so -l -d 31",
      "makedumpfile -X -l -d 31", "makedumpfile -e --work-dir /tmp -l -d 31",
      "makedumpfile --mes=7 --non -zd31",
    ])
  func kdumpUtils(collector: String) throws {
    let words = collector.dropFirst("makedumpfile".count)
    let streams = words.contains("-F")
    #expect(try shell("makedumpfile --check-params \(words) vmcore \(streams ? "" : "dumpfile")").status == 0)
    let line = kdumpLine(collector, streams: streams)
    if streams {
      let run = try shell("set -o pipefail; \(line) $core | dd bs=512 of=vmcore-incomplete 2> /dev/null")
      #expect(run.status == 0 && run.output == "", "\(run)")
      #expect(try shell("makedumpfile -R vmcore < vmcore-incomplete > /dev/null 2>&1").status == 0)
    } else {
      let run = try shell("\(line) $core vmcore > console 2>&1")
      let console = try text("console")
      #expect(run.status == 0, "\(console)")
      #expect(console.contains("makedumpfile Completed.") || collector.contains("-level 1"))
      let lacks = collector.firstMatch(of: #/--extension|-X|-e /#).map { String($0.0) }
      #expect(console.contains("has no effect") == (lacks != nil))
    }
    #expect(try KdumpDump(folder.path("vmcore")).breaches() == [])
  }

  @Test("mkdumprd refuses what would fail in the capture kernel: what erases, and what is no option")
  func refused() throws {
    for words in ["--eppic erase.c -x vmlinux -l", "-l -d 32", "-l --nonsense", "-E -l"] {
      #expect(try shell("makedumpfile --check-params \(words) vmcore dumpfile").status == 1, "\(words)")
    }
  }

  @Test("kdumpctl fetches a dump from a partition, and is told quickly that there is none")
  func rawTarget() throws {
    #expect(
      try shell(
        "head -c 20M /dev/urandom > partition; makedumpfile -F -l -d 31 $core | dd of=partition conv=notrunc bs=512"
      )
      .status == 0)
    let fetch = "makedumpfile -R vmcore < partition > /dev/null 2>&1"
    #expect(try shell(fetch).status == 0)
    #expect(try KdumpDump(folder.path("vmcore")).breaches() == [])
    // kdumpctl wipes the first block, and removes the folder if nothing was found.
    #expect(try shell("rm vmcore; dd if=/dev/zero of=partition bs=1b count=1 conv=notrunc").status == 0)
    #expect(try shell("timeout 5 " + fetch).status == 1)
    #expect(try shell("timeout 5 makedumpfile -R vmcore < /dev/null > /dev/null 2>&1").status == 1)
    #expect(try !folder.contents.contains { $0.hasPrefix("vmcore") })
  }

  // MARK: - SUSE's kdump-save

  @Test("kdump-save reads when which kernel crashed from stderr, split at blanks and equals signs")
  func suse() throws {
    let run = try shell(
      """
      set -e; mkfifo fifo; makedumpfile -F --message-level 8 --dump-dmesg $core > fifo 2> errors & cat fifo > dmesg; wait $!
      IFS=' ='; while read -r key value; do case $key in CRASHTIME|OSRELEASE) echo "$key:$value";; esac; done < errors
      """)
    #expect(run.status == 0, "\(run)")
    #expect(Set(run.output.split(separator: "\n")) == ["CRASHTIME:1700000000", "OSRELEASE:6.1.0-56-amd64"])
    #expect(try text("dmesg").hasSuffix("] Kernel panic\n"))
    for format in ["-E", "-c --num-threads 2", "-l", "-p", "-z"] {
      let save = try shell(
        "set -o pipefail; rm -f vmcore; makedumpfile -F \(format) --message-level 6 -d 31 -X $core | makedumpfile -R vmcore"
      )
      #expect(save.status == 0 && save.errors.contains("-X has no effect"), "\(format) \(save)")
    }
  }

  // MARK: - Debian's kdump-config

  @Test("kdump-config gets the log as a file, and the dump through a pipe that tells no status")
  func debian() throws {
    #expect(try shell("makedumpfile --dump-dmesg $core dmesg.1 > /dev/null").status == 0)
    let run = try shell(
      "makedumpfile -F -c -d 31 $core | gzip -c > dump.gz; gzip -dc dump.gz | makedumpfile -R dump")
    #expect(run.status == 0)
    #expect(try KdumpDump(folder.path("dump")).breaches() == [])
    #expect(
      try shell("makedumpfile --dump-dmesg dump dmesg.2 > /dev/null && cmp dmesg.1 dmesg.2").status == 0)
  }

  // MARK: - Sentences

  @Test("Where the limit is reached, makedumpfile's two sentences are on stdout, with -F the first on stderr")
  func cut() throws {
    let vmcore = try FlattenedTests.vmcore()
    let run = try shell("makedumpfile -L 300K -d 1 '\(vmcore.path)' dump")
    #expect(run.status == 1)
    #expect(
      run.output.contains(
        "Can't write the dump file(dump). Size limit(307200) reached.\nThis is an incomplete dumpfile, but might analyzable.\n"
      ),
      "\(run)")
    let stream = try shell("makedumpfile -F -L 300K -d 1 '\(vmcore.path)' > flat")
    #expect(stream.errors.contains("Can't write the dump file(STDOUT). Size limit(307200) reached."))
    #expect(!stream.errors.contains("analyzable"))
    let again = try shell("makedumpfile -f -L 300K -d 1,31 '\(vmcore.path)' dump")
    #expect(
      again.output.contains("Size limit(307200) reached.\nRetry to create a dumpfile by dump_level(31).\n"))
    for format in ["-l", "-E"] {
      let none = try shell("makedumpfile -f \(format) -L 1K -d 1 '\(vmcore.path)' dump")
      #expect(none.status == 1 && none.output.contains("Size limit(1024) reached.\n"))
      #expect(none.errors.contains("no page was written, and dump is removed"), "\(none)")
      #expect(try !folder.contents.contains("dump"))
      #expect(!none.output.contains("analyzable"))
    }
  }

  @Test(
    "A doubtful result is told in makedumpfile's two sentences, and a sound one is not",
    arguments: [false, true])
  func doubtful(isSound: Bool) throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 512, order: 4)
    if !isSound { kernel.setKey("SYMBOL(mem_section)", "ffff888000000000") }
    let core = try kernel.vmcore().write()
    let run = try shell("makedumpfile -l -d 31 '\(core.path)' dump")
    #expect(run.status == 0)
    let sentences = "The kernel version is not supported.\nThe makedumpfile operation may be incomplete.\n"
    #expect(run.output.contains(sentences) == !isSound, "\(run)")
  }

  // MARK: - --vtop

  @Test("--vtop prints the walk, and where there is no page all ones", arguments: [4, 5])
  func translation(levels: Int) throws {
    var configuration = KernelConfiguration(.v6_1)
    configuration.levels = levels
    let kernel = SyntheticKernel(configuration)
    let core = try kernel.vmcore().write()
    let names = levels == 5 ? ["PGD", "P4D", "PUD", "PMD", "PTE"] : ["PGD", "PUD", "PMD", "PTE"]
    for (address, isMapped) in [(kernel.text + 0x123, true), (0xffff_ffff_ffff_f000, false), (0x1000, false)]
    {
      let run = try shell(
        "makedumpfile -f -d 0 --vtop 0x\(String(address, radix: 16)) '\(core.path)' dump 2> errors")
      #expect(run.status == 0)
      let lines = run.output.components(separatedBy: "\n")
      let start = try #require(lines.firstIndex { $0.hasPrefix("Translating virtual address ") })
      let steps = lines[(start + 1)...].prefix { !$0.hasPrefix("VIRTUAL") }
      for (step, name) in zip(steps, names) {
        #expect(
          step.wholeMatch(of: #/  (PGD|P4D|PUD|PMD|PTE) : [ 0-9a-f]{16} => [ 0-9a-f]{16}/#) != nil, "\(step)")
        #expect(step.contains(name))
      }
      let answer = lines[start + 2 + steps.count].split(separator: " ").map(String.init)
      let physical = isMapped ? String(kernel.image.lowerBound << 12 + 0x123, radix: 16) : "ffffffffffffffff"
      #expect(lines[start + 1 + steps.count] == "VIRTUAL           PHYSICAL")
      #expect(answer == [String(address, radix: 16), physical])
      #expect(isMapped ? steps.count >= levels - 1 : steps.last?.hasSuffix(" 0") == true)
      #expect(try text("errors").contains("not mapped") == !isMapped)
    }
  }
}
