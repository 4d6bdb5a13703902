import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("ELF cores and split dumps of real vmcores")
struct ELFAndSplitTests {
  static let kernels = ["6.1", "6.12"].filter { Lab.hasKernel($0) }

  /// Runs a line of bash: `$v` is the program that is tested, `$m` makedumpfile, `$core` the vmcore.
  private func shell(_ line: String, _ vmcore: RealVmcore, in folder: ScratchFolder) throws {
    let names =
      "v='\(Lab.vmsieve)'; m='\(try Makedumpfile.path())'; core='\(vmcore.path)'; cd '\(folder.path("."))'; "
    try ProgramRun.succeeding("/bin/bash", ["-c", "set -e -o pipefail; " + names + line])
  }

  private func isZero(_ page: UnsafeRawBufferPointer) -> Bool { page.allSatisfy { $0 == 0 } }

  /// Pages of a dump that are not in an ELF core as the vmcore has them; one that is not there may be of zeros.
  private func wrongPages(_ core: ELFVmcore, _ dump: KdumpDump, _ vmcore: RealVmcore) -> [UInt64] {
    dump.dumped.frames.filter { pfn in
      guard let truth = vmcore.elf.content(pfn) else { return true }
      guard let page = core.content(pfn) else { return !isZero(truth) }
      return memcmp(page.baseAddress!, truth.baseAddress!, 4096) != 0
    }
  }

  @Test("From ELF to kdump-compressed to ELF every kept page is the vmcore's", arguments: kernels, [0, 31])
  func roundTrip(kernel: String, level: Int) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v -l -d \(level) $core kdump; $v -E -d \(level) kdump elf; $v -E -d \(level) $core direct; $v verify elf
      $v -l -d \(level) elf again; $v -E -d \(level) again back; cmp elf back
      $v -E -F -d \(level) $core | $v -R stream; $v verify stream
      """, vmcore, in: folder)
    let dump = try KdumpDump(folder.path("kdump"))
    for name in ["elf", "direct", "stream"] {
      #expect(wrongPages(try ELFVmcore(folder.path(name)), dump, vmcore) == [], "\(name)")
    }
    let again = judge(dump: try KdumpDump(folder.path("again")), vmcore: vmcore.elf)
    #expect(again.wrong.isEmpty && again.unreadable.isEmpty && again.breaches.isEmpty, "\(again)")
    // The kernel's image is where it was, too.
    let image = try ELFVmcore(folder.path("elf")).segments.first
    let original = vmcore.elf.segments.first { $0.virtualAddress >= 0xffff_ffff_8000_0000 }
    #expect(image?.virtualAddress == original?.virtualAddress)
    #expect(image?.physicalAddress == original?.physicalAddress)
  }

  @Test("Where both have a page, makedumpfile's core and ours have the same", arguments: kernels, [1, 31])
  func makedumpfile(kernel: String, level: Int) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell("$v -E -d \(level) $core ours; $m -E -d \(level) $core theirs > /dev/null", vmcore, in: folder)
    let ours = try ELFVmcore(folder.path("ours"))
    let theirs = try ELFVmcore(folder.path("theirs"))
    var compared = 0
    var differ: [UInt64] = []
    var beyond: [UInt64] = []
    for pfn in vmcore.frames.sorted() {
      guard let page = ours.content(pfn) else { continue }
      // makedumpfile keeps what is left out in short gaps; here they are zeros.
      if isZero(page) { continue }
      guard let other = theirs.content(pfn) else {
        beyond.append(pfn)
        continue
      }
      compared += 1
      if memcmp(page.baseAddress!, other.baseAddress!, 4096) != 0 { differ.append(pfn) }
    }
    let partial = vmcore.partialFrames
    beyond.removeAll { partial.contains($0) }
    try vmcore.removeImageInUse(from: &beyond)
    // An older one leaves out pages of 6.12 that it takes for others.
    if kernel == "6.12", level > 1, !Makedumpfile.knows("6.12") { beyond = [] }
    #expect(differ == [] && beyond == [] && compared > 1000)
    #expect(ours.notes == theirs.notes)
  }

  @Test("Split and put together in all four pairings with makedumpfile's", arguments: kernels, [1, 31])
  func pairings(kernel: String, level: Int) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v --split -c -d \(level) $core o1 o2 o3
      $m --split --splitblock-size 65536 -c -d \(level) $core t1 t2 t3 > /dev/null
      $v --reassemble o3 o1 o2 oo; $m --reassemble o3 o1 o2 ot > /dev/null
      $v --reassemble t2 t3 t1 to; $m --reassemble t1 t2 t3 tt > /dev/null
      $v -c -d \(level) $core direct; cmp oo direct; cmp ot direct
      $v verify o2; $v verify o3 o1 o2; $v verify t3 t1 t2
      """, vmcore, in: folder)
    for name in ["oo", "ot"] {
      let verdict = try judge(
        dump: KdumpDump(folder.path(name)), vmcore: vmcore.elf, reference: KdumpDump(folder.path("direct")))
      #expect(verdict.isClean, "\(name): \(verdict)")
    }
    let verdict = try judge(
      dump: KdumpDump(folder.path("to")), vmcore: vmcore.elf, reference: KdumpDump(folder.path("tt")))
    #expect(verdict.isClean, "\(verdict)")
  }

  @Test(
    "A part that is written alone is the file that --split writes, and reads little else",
    arguments: kernels, ["-d 1", "-l -d 31", "-z -d 31"])
  func parts(kernel: String, options: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    // What a shell's children read counts as its own when they have ended.
    try shell(
      """
      $v \(options) --split $core s1 s2 s3 s4 s5 s6 s7 s8 s9
      for k in 1 2 3 4 5 6 7 8 9; do $v \(options) --split-part $k/9 $core p$k; cmp s$k p$k; done
      $v --reassemble p9 p2 p3 p4 p5 p6 p7 p8 p1 joined; $v \(options) $core whole; cmp joined whole
      # What was erased of one part must not be told of all.
      printf 'type saved_command_line char *\nerase saved_command_line\n' > script; $v \(options) --config script --split-part 2/9 $core e2
      if $v --reassemble p1 e2 p3 p4 p5 p6 p7 p8 p9 mixed 2> said; then exit 1; fi
      grep 'e2: it has had other things erased than p1' said; [ ! -e mixed ]
      few=$(bash -c "$v --non-mmap \(options) --split-part 5/9 $core few > few.log"'; sed -n "s/rchar: //p" /proc/$$/io')
      all=$(bash -c "$v --non-mmap \(options) $core all > all.log"'; sed -n "s/rchar: //p" /proc/$$/io')
      echo $few $all > read; cmp few p5
      """, vmcore, in: folder)
    let read = try String(contentsOf: folder.url("read"), encoding: .utf8).split { " \n".contains($0) }
      .compactMap { Int($0) }
    try #require(read.count == 2)
    print("read of \(kernel) with \(options): \(read[0]) bytes for a ninth, \(read[1]) for all")
    #expect(read[0] < read[1] / 2)
  }
}
