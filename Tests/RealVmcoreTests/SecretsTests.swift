import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Machines whose kernel has keys that nobody else has: Tests/Lab/secrets.
@Suite("Secrets that integration/secrets.conf names are nowhere in a dump")
struct SecretsTests {
  static let machines = ["6.1-secrets", "6.12-secrets"].filter { Lab.hasVmcore($0) }
  /// Of a kernel without debug information, and of one whose page cache is another and that has files alone, where the lab has them.
  static let more = ["7.3-secrets", "5.10-secrets"].filter {
    Lab.isThorough && Lab.hasVmcore($0, isExpected: false)
  }
  static let configuration = Lab.packageRoot.appending(path: "integration/secrets.conf").path

  private let folder: ScratchFolder
  private var config: String { "--config \(Self.configuration)" }

  init() throws { folder = try ScratchFolder() }

  /// - Returns: copies of each key, before and after.
  private func compare(_ machine: RealVmcore, _ options: String) throws -> [(
    name: String, before: Int, after: Int
  )] {
    try machine.dump("-f \(options)", to: folder.path("plain"))
    try machine.dump("-f \(options) \(config)", to: folder.path("erased"))
    let keys = try SecretPieces.of(machine)
    let before = SecretPieces.counts(of: keys, in: try SecretPieces.memory(of: folder.path("plain")))
    let after = SecretPieces.counts(of: keys, in: try SecretPieces.memory(of: folder.path("erased")))
    return keys.indices.map { (keys[$0].name, before[$0], after[$0]) }
  }

  @Test("Every key is in the dump without it, and nowhere in the dump with it", arguments: machines + more)
  func gone(name: String) throws {
    let machine = try RealVmcore(name)
    // The cache is left out at level 31 and kept at 25.
    for options in ["-l -d 31", "-c -d 25"] {
      let all = try compare(machine, options)
      #expect(all.count == (machine.kernel == "5.10" ? 2 : 14))
      for (key, before, after) in all {
        if !key.hasPrefix("file:") || options.hasSuffix("25") { #expect(before > 0, "\(key), \(options)") }
        #expect(after == 0, "\(key), \(options)")
        if Lab.environment["VMSIEVE_TRUST"] != nil {
          print("secrets: \(machine.kernel), \(options), \(key), \(before), \(after)")
        }
      }
    }
  }

  @Test("What was found is counted, and nothing else is overwritten", arguments: machines)
  func counts(name: String) throws {
    let machine = try RealVmcore(name)
    try machine.dump("-l -d 31", to: folder.path("plain"))
    let run = try machine.dump("-l -d 31 \(config)", to: folder.path("erased"))
    for line in [
      "secrets dm-crypt: 2 volumes, 96 bytes", "secrets ipsec: 3 keys, 100 bytes",
      "secrets wireguard: 2 interfaces and peers, 240 bytes", "secrets tls: 2 connections,",
      "secrets file /etc/shadow: 1 files, 4096 bytes", "secrets file /root/.ssh/id_*: 1 files, 2097152 bytes",
      "secrets file: passed over:",
    ] { #expect(run.output.contains(line), "\(run.output)") }
    let keys = try #require(run.output.firstMatch(of: /secrets keyrings: (\d+) keys/))
    let told = try Drgn.evaluate(
      """
      from drgn.helpers.linux.rbtree import rbtree_inorder_for_each_entry
      tree = prog["key_serial_tree"].address_of_()
      keys = rbtree_inorder_for_each_entry("struct key", tree, "serial_node")
      print(sum(1 for key in keys if key.type.name.string_() in (b"user", b"logon", b"encrypted")))
      """, of: machine.path, machine.kernel)
    #expect(told == "\(keys.output.1)\n")
    let numbers = run.output.matches(of: /(\d+) bytes/).compactMap { Int($0.output.1) }
    let plain = try KdumpDump(folder.path("plain"))
    let erased = try KdumpDump(folder.path("erased"))
    #expect(plain.dumped.frames == erased.dumped.frames)
    var changed = 0
    for pfn in plain.dumped.frames {
      let before = try plain.page(pfn)
      let after = try erased.page(pfn)
      if before == after { continue }
      let places = before.indices.filter { before[$0] != after[$0] }
      #expect(places.allSatisfy { after[$0] == UInt8(ascii: "X") }, "pfn \(pfn)")
      changed += places.count
    }
    #expect(changed > 10_000 && changed <= numbers.reduce(0, +))
    let size = erased.header.eraseInfoSize
    let record = String(
      decoding: erased.bytes(at: erased.header.eraseInfoOffset, count: size) ?? [], as: UTF8.self)
    #expect(record.contains("erase secrets dm-crypt: 2 volumes, 96 bytes\n"))
  }

  @Test(
    "The random number generator's state, as drgn reads it in the vmcore, is not in the dump",
    arguments: machines)
  func random(name: String) throws {
    let machine = try RealVmcore(name)
    let answer = try Drgn.evaluate(
      """
      from drgn.helpers.linux.cpumask import for_each_online_cpu
      from drgn.helpers.linux.percpu import per_cpu
      def tell(name, value): print(name, value.to_bytes_().hex())
      tell("base_crng", prog["base_crng"].key)
      tell("input_pool", prog["input_pool"].hash.h)
      for cpu in for_each_online_cpu(prog):
          tell("crngs", per_cpu(prog["crngs"], cpu).key)
          tell("batched_entropy_u64", per_cpu(prog["batched_entropy_u64"], cpu).entropy)
      """, of: machine.path, machine.kernel)
    try machine.dump("-l -d 31", to: folder.path("plain"))
    try machine.dump("-l -d 31 \(config)", to: folder.path("erased"))
    let keys = answer.split(separator: "\n").map { SecretPieces(line: $0) }
    #expect(keys.count >= 6)
    let before = SecretPieces.counts(of: keys, in: try SecretPieces.memory(of: folder.path("plain")))
    let after = SecretPieces.counts(of: keys, in: try SecretPieces.memory(of: folder.path("erased")))
    #expect(before.count { $0 > 0 } > 3)
    for (key, count) in zip(keys, after) { #expect(count == 0, "\(key.name)") }
  }

  @Test("drgn finds tasks, stacks, modules and caches as in the dump without it", arguments: machines)
  func drgn(name: String) throws {
    let machine = try RealVmcore(name)
    try machine.dump("-l -d 31", to: folder.path("plain"))
    try machine.dump("-l -d 31 \(config)", to: folder.path("erased"))
    let answer = try Drgn.ask("crash", of: folder.path("erased"), machine.kernel)
    #expect(answer.contains("dm_crypt") && answer.contains("sysrq_handle_crash"))
    #expect(try answer == Drgn.ask("crash", of: folder.path("plain"), machine.kernel))
  }

  @Test(
    "crash says the same, of slabs too, whose free lists are whole",
    .enabled(if: Lab.hasVmcore("6.1-secrets")))
  func crash() throws {
    let machine = try RealVmcore("6.1-secrets")
    try machine.dump("-l -d 31", to: folder.path("plain"))
    try machine.dump("-l -d 31 \(config)", to: folder.path("erased"))
    let questions = ["sys", "log", "ps", "bt -a", "mod", "kmem -s", "net"]
    let answers = try Crash.ask(questions, of: folder.path("erased"), machine.kernel)
    let wanted = try Crash.ask(questions, of: folder.path("plain"), machine.kernel)
    #expect(answers["mod"]?.contains("dm_crypt") == true)
    #expect(answers["kmem -s"]?.contains("kmalloc-64") == true)
    for question in questions { #expect(answers[question] == wanted[question], "\(question)") }
  }

  @Test("With a vmlinux, and of a dump that was made without it, the same is erased", arguments: machines)
  func sources(name: String) throws {
    let machine = try RealVmcore(name)
    try machine.dump("-l -d 31 \(config)", to: folder.path("once"))
    var others: [String] = []
    if Lab.readsDWARF {
      let vmlinux = try Lab.vmlinux(machine.kernel)
      for file in [vmlinux, try folder.copyWithoutBTF(vmlinux)] {
        others.append("-l -d 31 \(config) -x \(file) \(machine.path)")
      }
    }
    try machine.dump("-l -d 31", to: folder.path("plain"))
    others.append("-l -d 31 \(config) \(folder.path("plain"))")
    let once = try KdumpDump(folder.path("once"))
    for options in others {
      try ProgramRun.succeeding(
        Lab.vmsieve, ["-f"] + options.split(separator: " ").map(String.init) + [folder.path("other")])
      let other = try KdumpDump(folder.path("other"))
      #expect(once.dumped.frames == other.dumped.frames)
      let differing = try once.dumped.frames.filter { try once.page($0) != other.page($0) }
      #expect(differing.isEmpty, "\(options): \(differing.count) pages")
    }
  }

  @Test(
    "A kernel without them is told of, kind by kind, and has its dump",
    arguments: ["6.1", "6.12", "5.10"].filter(Lab.hasKernel))
  func absence(name: String) throws {
    let machine = try RealVmcore(name)
    let run = try machine.dump("-l -d 31 \(config)", to: folder.path("dump"))
    for line in [
      "secrets dm-crypt: passed over: the module dm_crypt was not loaded",
      "secrets wireguard: passed over: the module wireguard was not loaded", "secrets ipsec: 0 keys",
    ] { #expect(run.output.contains(line), "\(run.output)") }
    let verdict = try judge(dump: KdumpDump(folder.path("dump")))
    #expect(verdict.isClean, "\(verdict)")
  }
}
