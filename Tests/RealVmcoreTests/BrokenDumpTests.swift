import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Real dumps, broken at chosen places, repaired, and compared page by page with the vmcore. Each prints a line, of which
/// `make trust` makes a table.
@Suite("A broken dump comes back as far as it is intact, and no page of it is wrong", .serialized)
struct BrokenDumpTests {
  static let kernels = ["6.1", "6.12"].filter(Lab.hasKernel)
  /// `make trust`: all codecs, and what crash and drgn say of each.
  static let isForTable = Lab.environment["VMSIEVE_TRUST"] != nil
  static let options =
    isForTable
    ? ["-c -d 31", "-l -d 31", "-p -d 31", "-z -d 31", "-d 31", "-l -d 30"]
    : ["-l -d 31"]

  enum Breakage: String, CaseIterable {
    case cut = "cut at 85 %"
    case oneDescriptor = "one descriptor zeroed"
    case descriptorBlock = "4 KiB of descriptors zeroed"
    case scattered = "40 descriptors overwritten"
    case copied = "40 descriptors copied over others"
    case zeroedPages = "64 KiB of pages zeroed"
    case noise = "64 KiB of pages overwritten"
    case notes = "notes and VMCOREINFO zeroed"
    case firstBlock = "the first block zeroed"
    case secondBlock = "the second block zeroed"
    case all = "all of these but the cut"

    func apply(to dump: inout DumpBreaker, seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      let whole = dump
      func pages(_ count: Int) -> [Int] {
        (0..<count).map { _ in Int(random.below(UInt64(whole.pageCount))) }
      }
      switch self {
      case .cut: dump.cut(at: dump.bytes.count / 100 * 85)
      case .oneDescriptor: dump.zeroDescriptors(whole.pageCount / 2..<whole.pageCount / 2 + 1)
      case .descriptorBlock:
        dump.zero(dump.descriptors + 24 * whole.pageCount / 3 / 4096 * 4096, 4096)
      case .scattered:
        for page in pages(40) {
          for byte in 0..<16 { dump.set(Int(random.below(256)), at: dump.descriptors + 24 * page + byte, 1) }
        }
      case .copied:
        let (sources, targets) = (pages(40), pages(40))
        for (source, target) in zip(sources, targets) { dump.copyDescriptor(of: source, to: target) }
      case .zeroedPages: dump.zero(whole.data + (whole.bytes.count - whole.data) / 3, 65536)
      case .noise:
        let start = whole.data + (whole.bytes.count - whole.data) / 3 * 2
        for index in 0..<65536 { dump.set(Int(random.below(256)), at: start + index, 1) }
      case .notes: dump.zero(dump.notes.place, dump.notes.size)
      case .firstBlock: dump.zero(0, 4096)
      case .secondBlock: dump.zero(4096, 4096)
      case .all:
        // Without the notes nothing tells of the first block.
        for other in Self.allCases where ![.cut, .all, .noise, .firstBlock].contains(other) {
          other.apply(to: &dump, seed: seed)
        }
      }
    }
  }

  /// Frames whose bytes the broken file still has, wherever its descriptors lead.
  private func intact(_ whole: DumpBreaker, _ broken: DumpBreaker, _ frames: [UInt64]) -> Set<UInt64> {
    var intact: Set<UInt64> = []
    for (number, pfn) in frames.enumerated() {
      let bytes = whole.offset(number)..<whole.offset(number) + whole.size(number)
      if bytes.upperBound <= broken.bytes.count, whole.bytes[bytes] == broken.bytes[bytes] {
        intact.insert(pfn)
      }
    }
    return intact
  }

  @Test(arguments: kernels, options)
  func `each way to break it`(kernel: String, options: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump(options, to: scratch.path("whole"))
    let whole = try DumpBreaker(scratch.path("whole"))
    let frames = try KdumpDump(scratch.path("whole")).dumped.frames
    for breakage in Self.isForTable
      ? Breakage.allCases : [.cut, .descriptorBlock, .copied, .firstBlock, .all]
    {
      var broken = whole
      breakage.apply(to: &broken, seed: 12)
      try broken.write(to: scratch.path("broken"))
      try? FileManager.default.removeItem(atPath: scratch.path("new"))
      let run = try ProgramRun.of(Lab.vmsieve, ["repair", scratch.path("broken"), scratch.path("new")])
      let name = "\(kernel) \(options), \(breakage.rawValue)"
      // Nothing tells of a raw page that it was overwritten, nor, where none is compressed, that it was zeroed: the dump is
      // then said to be whole.
      let isRaw = options.hasPrefix("-d")
      let isHidden = run.status == 3 && isRaw && breakage == .noise
      #expect(run.status == 0 || run.status == 4 || isHidden, "\(name): \(run)")
      let made = try KdumpDump(scratch.path(isHidden ? "broken" : "new"))
      let verdict = judge(dump: made, vmcore: vmcore.elf)
      let intact = intact(whole, broken, frames)
      let found = made.dumped.frames.count { intact.contains($0) }
      let mayBeWrong = breakage == .noise || isRaw ? 17 : 0
      #expect(verdict.wrong.count <= mayBeWrong, "\(name): \(verdict.wrong)")
      #expect(
        verdict.unreadable.isEmpty && verdict.cut.isEmpty && verdict.breaches.isEmpty, "\(name): \(verdict)")
      #expect(made.header.isIncomplete == (run.status == 4), "\(name)")
      let mayBeLost = broken.pagesBesideDamage(of: whole)
      #expect(
        found >= intact.count - mayBeLost, "\(name): \(found) of \(intact.count), \(mayBeLost) beside damage")
      #expect(made.vmcoreinfo?.contains("OSRELEASE=\(kernel).") == true, "\(name)")
      // Readers do not know of codecs: one of them is enough.
      let isRead = Self.isForTable && options == "-l -d 31"
      let readers = try isRead ? readers(scratch.path("new"), kernel) : ""
      report(name, frames.count, intact.count, found, verdict.wrong.count, run, readers)
    }
  }

  @Test("A split dump without one of its files", arguments: kernels)
  func split(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "31", "--split", vmcore.path] + ["a", "b", "c"].map { scratch.path($0) })
    let all = try KdumpDump(scratch.path("a")).dumped
    let run = try ProgramRun.of(
      Lab.vmsieve, ["repair", scratch.path("c"), scratch.path("a"), scratch.path("new")])
    #expect(run.status == 4, "\(run)")
    let lost = try DumpBreaker(scratch.path("b"))
    let range = UInt64(lost.number(at: 4096 + 80, 8))..<UInt64(lost.number(at: 4096 + 88, 8))
    let there = all.frames.filter { !range.contains($0) }
    let made = try KdumpDump(scratch.path("new"))
    let verdict = judge(dump: made, vmcore: vmcore.elf)
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(verdict)")
    #expect(made.dumped.frames == there)
    let readers = try Self.isForTable ? readers(scratch.path("new"), kernel) : ""
    report(
      "\(kernel) -l -d 31, a file of a split dump missing", all.frames.count, there.count, verdict.right,
      verdict.wrong.count, run, readers)
  }

  @Test(
    "Flattened streams that were cut, of this program and of makedumpfile", arguments: kernels, ["v", "m"])
  func stream(kernel: String, program: String) throws {
    // Debian 12's makedumpfile does not know 6.12.
    if program == "m", try Makedumpfile.path() == "/usr/bin/makedumpfile", kernel != "6.1" { return }
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    let tool = try program == "v" ? Lab.vmsieve : Makedumpfile.path()
    try ProgramRun.succeeding(
      "/bin/bash",
      [
        "-c",
        "set -e; cd '\(scratch.path("."))'; '\(tool)' -F -c -d 31 '\(vmcore.path)' > flat; "
          + "'\(Lab.vmsieve)' -R whole < flat; head -c $(($(stat -c %s flat) * 85 / 100)) flat > cut",
      ])
    let run = try ProgramRun.of(Lab.vmsieve, ["repair", scratch.path("cut"), scratch.path("new")])
    #expect(run.status == 4, "\(run)")
    let frames = try KdumpDump(scratch.path("whole")).dumped.frames
    let verdict = judge(dump: try KdumpDump(scratch.path("new")), vmcore: vmcore.elf)
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(verdict)")
    // What the stream brought of pages lies below the end of its last record.
    let whole = try DumpBreaker(scratch.path("whole"))
    let arrived = try arrived(of: scratch.path("cut"))
    let intact = frames.indices.filter { number in
      let bytes = whole.offset(number)..<whole.offset(number) + whole.size(number)
      return arrived.contains { $0.lowerBound <= bytes.lowerBound && bytes.upperBound <= $0.upperBound }
    }
    let readers = try Self.isForTable ? readers(scratch.path("new"), kernel) : ""
    report(
      "\(kernel) -F -c -d 31 of \(program == "v" ? "vmsieve" : "makedumpfile"), cut at 85 %", frames.count,
      intact.count, verdict.right, verdict.wrong.count, run, readers)
  }

  /// The stretches of the dump that a flattened file has.
  private func arrived(of path: String) throws -> [Range<Int>] {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var ranges: [Range<Int>] = []
    var at = 4096
    while at + 16 <= bytes.count {
      func word(_ place: Int) -> Int { (0..<8).reduce(0) { $0 << 8 | Int(bytes[place + $1]) } }
      let (start, count) = (word(at), min(word(at + 8), bytes.count - at - 16))
      ranges.append(start..<start + count)
      at += 16 + word(at + 8)
    }
    var joined: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, range.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    return joined
  }

  @Test("A vmcore that was cut", arguments: kernels)
  func vmcore(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(
      "/bin/bash",
      [
        "-c",
        "head -c $(($(stat -c %s '\(vmcore.path)') * 85 / 100)) '\(vmcore.path)' > '\(scratch.path("cut"))'",
      ])
    let run = try ProgramRun.of(Lab.vmsieve, ["repair", scratch.path("cut"), scratch.path("new")])
    #expect(run.status == 4, "\(run)")
    let made = try ELFVmcore(scratch.path("new"))
    let size = try FileManager.default.attributesOfItem(atPath: scratch.path("cut"))[.size] as? UInt64 ?? 0
    var intact: Set<UInt64> = []
    for segment in vmcore.elf.segments where segment.fileOffset < size {
      let present = min(segment.fileSize, size - segment.fileOffset)
      let first = (segment.physicalAddress + 4095) / 4096
      let end = (segment.physicalAddress + present) / 4096
      if first < end { intact.formUnion(first..<end) }
    }
    var (right, wrong) = (0, 0)
    for pfn in intact {
      guard let page = made.content(pfn), let truth = vmcore.elf.content(pfn) else { continue }
      if page.elementsEqual(truth) { right += 1 } else { wrong += 1 }
    }
    #expect(right == intact.count && wrong == 0)
    for segment in made.segments { #expect(segment.fileOffset + segment.fileSize <= size) }
    let readers = try Self.isForTable ? readers(scratch.path("new"), kernel) : ""
    report("\(kernel) ELF, cut at 85 %", vmcore.frames.count, intact.count, right, wrong, run, readers)
  }

  @Test(
    "With a manifest no page is wrong, not even a raw one, and what lies beside damage comes back",
    arguments: kernels)
  func manifest(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("whole"))
    try ProgramRun.succeeding(Lab.vmsieve, ["verify", "--sum", scratch.path("sums"), scratch.path("whole")])
    let whole = try DumpBreaker(scratch.path("whole"))
    var broken = whole
    var random = SeededGenerator(seed: 5)
    let raw = (1..<whole.pageCount).filter { whole.size($0) == 4096 && whole.offset($0) != whole.data }
    // Every tenth raw page gets another bit, and pages before others other bytes.
    for page in raw.enumerated().filter({ $0.offset % 10 == 0 }).map(\.element).prefix(40) {
      let place = whole.offset(page) + Int(random.next() % 4096)
      broken.set(whole.number(at: place, 1) ^ 1, at: place, 1)
    }
    for page in raw.filter({ whole.size($0 - 1) < 4096 && whole.offset($0 - 1) != whole.data }).suffix(40) {
      broken.zero(whole.offset(page - 1), whole.size(page - 1))
    }
    try broken.write(to: scratch.path("broken"))
    var right: [Int] = []
    for options in [[], ["--check-sum", scratch.path("sums")]] {
      let run = try ProgramRun.of(
        Lab.vmsieve, ["repair", "-f"] + options + [scratch.path("broken"), scratch.path("new")])
      #expect(run.status == 4, "\(run)")
      let verdict = judge(dump: try KdumpDump(scratch.path("new")), vmcore: vmcore.elf)
      #expect(verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(verdict)")
      #expect(verdict.wrong.isEmpty == !options.isEmpty, "\(verdict)")
      right.append(verdict.right)
    }
    #expect(right[1] > right[0])
  }

  @Test(
    "A VMCOREINFO that is damaged is found in memory, or given; an ELF core gets its notes at its end",
    arguments: kernels, ["-E -d 31", "-l -d 31"])
  func info(kernel: String, options: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump(options, to: scratch.path("whole"))
    if options.hasPrefix("-E") {
      var bytes = try Data(contentsOf: scratch.url("whole"))
      let name = try #require(bytes.range(of: Data("VMCOREINFO\0".utf8)))
      bytes.replaceSubrange(name, with: Data("XXXXREINFO\0".utf8))
      try bytes.write(to: scratch.url("broken"))
    } else {
      var broken = try DumpBreaker(scratch.path("whole"))
      broken.zero(broken.notes.place, broken.notes.size)
      try broken.write(to: scratch.path("broken"))
    }
    #expect(try ProgramRun.of(Lab.vmsieve, ["verify", scratch.path("broken")]).output.contains("VMCOREINFO"))
    try ProgramRun.succeeding(
      "/bin/sh",
      [
        "-c",
        "'\(Lab.vmsieve)' -D --dry-run -d 0 '\(vmcore.path)' x | sed -n 's/^  //p' | grep = > \(scratch.path("info"))",
      ])
    for given in [[], ["-i", scratch.path("info")]] {
      let run = try ProgramRun.of(
        Lab.vmsieve, ["repair", "-f"] + given + [scratch.path("broken"), scratch.path("new")])
      #expect(run.status == 0 && run.output.contains("VMCOREINFO is new"), "\(run)")
      let check = try ProgramRun.of(Lab.vmsieve, ["verify", scratch.path("new")])
      #expect(check.status == 0 && !check.output.contains("VMCOREINFO"), "\(check)")
      #expect(
        try Drgn.ask("report", of: scratch.path("new"), kernel) == Drgn.ask("report", of: vmcore.path, kernel)
      )
      // Nothing else has changed.
      try ProgramRun.succeeding(
        Lab.vmsieve, ["verify", "-f", "--sum", scratch.path("sums"), scratch.path("whole")])
      try ProgramRun.succeeding(
        Lab.vmsieve, ["verify", "--check-sum", scratch.path("sums"), scratch.path("new")])
    }
  }

  @Test("crash and drgn call excluded what was lost", .enabled(if: Lab.hasKernel("6.1")))
  func excluded() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("whole"))
    var broken = try DumpBreaker(scratch.path("whole"))
    let frames = try KdumpDump(scratch.path("whole")).dumped.frames
    let number = broken.ownPage(from: broken.pageCount / 2)
    let lost = number - 50..<number + 50
    // Without their bytes too, or some vmcores' pages are all found again.
    for page in lost where broken.offset(page) != broken.data {
      broken.zero(broken.offset(page), broken.size(page))
    }
    broken.zeroDescriptors(lost)
    try broken.write(to: scratch.path("broken"))
    #expect(
      try ProgramRun.of(Lab.vmsieve, ["repair", scratch.path("broken"), scratch.path("new")]).status == 4)
    let made = try KdumpDump(scratch.path("new"))
    let pfn = try #require(lost.map { frames[$0] }.first { !made.dumped.contains($0) })
    let address = String(pfn * 4096, radix: 16)
    let said = try ProgramRun.of(
      Lab.tool("crash"), ["-s", Lab.vmlinux("6.1"), scratch.path("new")],
      input: "sys\nrd -p \(address)\nquit\n",
      within: 180)
    #expect((said.output + said.errors).contains("page excluded"), "\(said)")
    #expect(!(said.output + said.errors).contains("page incomplete"), "\(said)")
    let lines = """
      try:
          prog.read(0x\(address), 8, True)
          print("there")
      except drgn.FaultError:
          print("absent")
      """
    #expect(try Drgn.evaluate(lines, of: scratch.path("new"), "6.1") == "absent\n")
  }

  // MARK: - The table

  /// Whether crash and drgn open a dump and find the panic's task.
  private func readers(_ dump: String, _ kernel: String) throws -> String {
    var answers: [String] = []
    if kernel == "6.1" {
      let run = try? ProgramRun.of(
        Lab.tool("crash"), ["-s", Lab.vmlinux(kernel), dump], input: "sys\nquit\n", within: 180)
      answers.append("crash \(run?.output.contains("RELEASE: 6.1") == true ? "yes" : "no")")
    }
    let name = try? drgn(
      "print(prog['init_task'].comm.string_().decode(), len(list(__import__('drgn.helpers.linux.pid', fromlist=['x']).for_each_task(prog))))",
      of: dump, kernel)
    answers.append("drgn \(name?.hasPrefix("swapper/0 ") == true ? "yes" : "no")")
    return answers.joined(separator: ", ")
  }

  private func drgn(_ line: String, of dump: String, _ kernel: String) throws -> String {
    let lines = """
      import drgn, sys
      prog = drgn.Program()
      prog.set_core_dump(sys.argv[1])
      prog.load_debug_info([sys.argv[2]])
      \(line)
      """
    return try ProgramRun.of(
      Lab.python(), ["-c", lines, dump, Lab.vmlinux(kernel)], environment: ["DEBUGINFOD_URLS": ""]
    ).output
  }

  private func report(
    _ name: String, _ pages: Int, _ intact: Int, _ found: Int, _ wrong: Int, _ run: ProgramRun,
    _ readers: String
  ) {
    let line = run.output.split(separator: "\n").first { $0.contains("recovered ") } ?? ""
    let recovered = line.split(separator: ":").last?.split(separator: " ").first ?? "0"
    print(
      "trust: \(name): pages \(pages), intact \(intact), found \(found), recovered \(recovered), wrong \(wrong), \(readers)"
    )
  }
}
