import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("What is named is erased, and what is named is kept")
struct ErasureTests {
  /// Statements that makedumpfile carries out as its manual says. (Of a list it leaves the last element alone where
  /// there is one only, and of an array of pointers whose length DWARF lacks all of them.)
  private static let statements = """
    [vmlinux]
    erase init_uts_ns.name.nodename
    erase init_task.comm size 4   # not all of it
    erase saved_command_line
    erase log_buf size log_buf_len
    erase init_task.stack nullify
    for m in modules within module:list
      erase m.name
      erase m.version
    endfor
    for t in init_task.tasks.next within task_struct:tasks
      erase t.comm
      erase t.cred
    endfor
    for f in file_systems via next
      erase f.name
    endfor
    [no_such_module]
    erase secret
    """

  /// What the vmcore's own BTF does not say.
  private static let types = """
    type init_uts_ns struct uts_namespace
    type init_task struct task_struct
    type saved_command_line char *
    type log_buf char *
    type log_buf_len u32
    type modules struct list_head
    type file_systems struct file_system_type *

    """

  @Test(
    "Types may come from BTF and debug information, from debug information alone, or from the file and the vmcore",
    .enabled(if: Lab.readsDWARF), arguments: ["6.1", "6.12"].filter(Lab.hasKernel))
  func sources(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try Self.statements.write(toFile: folder.path("plain"), atomically: true, encoding: .utf8)
    try (Self.types + Self.statements).write(toFile: folder.path("typed"), atomically: true, encoding: .utf8)
    let vmlinux = try Lab.vmlinux(kernel)
    let withoutBTF = try folder.copyWithoutBTF(vmlinux)
    var dumps: [Data] = []
    for options in ["plain -x \(vmlinux)", "plain -x \(withoutBTF)", "typed"] {
      let run = try vmcore.dump("-l -d 31 --config \(folder.path(options))", to: folder.path("dump"))
      #expect(run.output.contains(" bytes are erased"))
      dumps.append(try Data(contentsOf: folder.url("dump")))
      try FileManager.default.removeItem(at: folder.url("dump"))
    }
    #expect(dumps[1] == dumps[0])
    #expect(dumps[2] == dumps[0])
    let untyped = try ProgramRun.of(
      Lab.vmsieve, ["--config", folder.path("plain"), "-d", "31", vmcore.path, folder.path("dump")])
    #expect(untyped.status == 1)
    #expect(untyped.errors.contains("type init_uts_ns struct NAME"), "\(untyped.errors)")
  }

  /// The module's own types are needed for `struct brd_device`, and the kernel's for what it points to.
  @Test(
    "Of a loaded module what is named is erased, and nothing else",
    arguments: ["6.1", "6.12"].filter(Lab.hasKernel))
  func module(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    let statements = """
      [brd]
      type brd_devices struct list_head
      for d in brd_devices within brd_device:brd_list
        erase d.brd_disk.disk_name
      endfor
      [virtio_blk]
      erase virtio_blk.driver.name
      type virtio_blk struct virtio_driver
      """
    try statements.write(toFile: folder.path("erase"), atomically: true, encoding: .utf8)
    try vmcore.dump("--config \(folder.path("erase")) -d 31", to: folder.path("dump"))
    let (dump, eraseInfo) = try dump(folder.path("dump"))
    let disks = eraseInfo.filter { $0 == "erase d.brd_disk.disk_name size 32" }.count
    #expect(disks > 1)
    #expect(eraseInfo.count == disks + 1)
    var erased: [String] = []
    let partial = vmcore.partialFrames
    for pfn in dump.dumped.frames where !partial.contains(pfn) {
      guard let original = vmcore.elf.content(pfn).map({ Array($0) }) else { continue }
      let page = try dump.page(pfn)
      if original == page { continue }
      let places = page.indices.filter { page[$0] != original[$0] }
      #expect(places.allSatisfy { page[$0] == UInt8(ascii: "X") })
      // Names are NULs up to their end, which differ from X as all of their letters do.
      var rest = places[...]
      while let first = rest.first {
        let run = rest.prefix { $0 - first < 32 }
        erased.append(
          String(decoding: original[first...run.last!].prefix { $0 != 0 }, as: UTF8.self))
        rest = rest.dropFirst(run.count)
      }
    }
    #expect(Set(erased) == Set((0..<disks).map { "ram\($0)" } + ["virtio_blk"]))
  }

  private func dump(_ path: String) throws -> (dump: KdumpDump, eraseInfo: [Substring]) {
    let dump = try KdumpDump(path)
    let text = dump.bytes(at: dump.header.eraseInfoOffset, count: dump.header.eraseInfoSize) ?? []
    return (dump, String(decoding: text, as: UTF8.self).split(separator: "\n"))
  }

  @Test(
    "Every byte of every page is what makedumpfile --config leaves",
    .enabled(if: Lab.hasKernel("6.1") && Lab.readsDWARF))
  func config() throws {
    let vmcore = try RealVmcore("6.1")
    let folder = try ScratchFolder()
    let file = folder.path("erase.conf")
    try Self.statements.write(toFile: file, atomically: true, encoding: .utf8)
    let options = "--config \(file) -x \(try Lab.vmlinux("6.1")) -d 31"
    let run = try vmcore.dump(options, to: folder.path("ours"))
    #expect(run.output.contains("[no_such_module] is passed over"))
    try vmcore.reference(options, to: folder.path("theirs"))
    let (ours, ourInfo) = try dump(folder.path("ours"))
    let (theirs, theirInfo) = try dump(folder.path("theirs"))
    var erasedPages = 0
    var differing: [UInt64] = []
    let partial = vmcore.partialFrames
    for pfn in theirs.dumped.frames where ours.dumped.contains(pfn) && !partial.contains(pfn) {
      let page = try ours.page(pfn)
      if try theirs.page(pfn) != page { differing.append(pfn) }
      if let original = vmcore.elf.content(pfn), !original.elementsEqual(page) { erasedPages += 1 }
    }
    #expect(differing.isEmpty)
    #expect(erasedPages > 30)
    #expect(Set(ourInfo) == Set(theirInfo))
    #expect(ourInfo.contains("erase t.comm size 16"))
  }

  @Test(
    "A name that the kernel does not have ends without a dump",
    .enabled(if: Lab.hasKernel("6.12") && Lab.readsDWARF),
    arguments: [
      ("erase no_such_symbol", "no_such_symbol"), ("erase init_task.no_such_member", "no_such_member"),
      ("erase init_task.stack", "no known size"), ("erase init_task.comm nullify", "no pointer"),
      ("for t in init_task.comm within task_struct:tasks\nerase t.comm\nendfor", "no list_head"),
      ("erase runqueues", "per-CPU"), ("[brd]\nerase brd_devices", "the type of brd_devices"),
      ("[brd]\nerase no_such_variable", "no_such_variable"),
      ("[brd]\ntype brd_devices struct no_such\nerase brd_devices", "no type struct no_such"),
      ("forget it", "line 1"),
    ])
  func mistakes(statement: String, reason: String) throws {
    let vmcore = try RealVmcore("6.12")
    let folder = try ScratchFolder()
    let file = folder.path("erase.conf")
    try statement.write(toFile: file, atomically: true, encoding: .utf8)
    let vmlinux = try Lab.vmlinux("6.12")
    let run = try ProgramRun.of(
      Lab.vmsieve, ["--config", file, "-x", vmlinux, "-d", "31", vmcore.path, folder.path("dump")])
    #expect(run.status == 1)
    #expect(run.errors.contains(reason), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("dump")))
  }

  @Test(
    "--keep-comm keeps the pages that drgn finds mapped, and no others",
    arguments: ["6.1", "6.12", "6.1-la57"])
  func keep(name: String) throws {
    guard Lab.hasVmcore(name) else { return }
    let vmcore = try RealVmcore(name)
    let folder = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: folder.path("without"))
    let run = try vmcore.dump("-l -d 31 --keep-comm lab-workload,nobody", to: folder.path("with"))
    #expect(run.errors.contains("there was no process nobody"))
    let script = Lab.packageRoot.appending(path: "Tests/Lab/drgn_process.py").path
    let answer = try ProgramRun.succeeding(
      try Lab.python(), [script, vmcore.path, try Lab.vmlinux(vmcore.kernel), "lab-workload"],
      environment: ["DEBUGINFOD_URLS": ""])
    let mapped = Set(answer.output.split(separator: "\n").compactMap { UInt64($0) })
    #expect(mapped.count > 1000)
    let with = try KdumpDump(folder.path("with"))
    let without = try KdumpDump(folder.path("without"))
    let lost = mapped.filter { !with.dumped.contains($0) && with.existing.contains($0) }
    #expect(lost.isEmpty)
    let extra = with.dumped.subtracting(without.dumped)
    #expect(!extra.isEmpty && extra.allSatisfy { mapped.contains($0) })
    let verdict = judge(dump: with, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
  }
}
