import DumpFixtures
import Foundation
import Testing

/// The program on a machine that runs.
@Suite("--mem-usage counts the pages of a running machine", .serialized)
struct MemoryUsageTests {
  /// `FREE  57190  yes ...`: the number behind a name.
  private func number(_ name: String, _ text: String) throws -> Int {
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    let words = try #require(line, "no \(name) in \(text)").split { $0 == "\t" || $0 == " " }
    return try #require(words.dropFirst().compactMap { Int($0) }.first)
  }

  @Test(
    "Its table is makedumpfile's, and agrees with /proc/meminfo; --vtop finds the kernel's banner",
    .enabled(if: Lab.hasKernel("6.1")))
  func kcore() throws {
    let scratch = try ScratchFolder()
    let out = scratch.path("out")
    let commands = """
      cat /proc/meminfo > meminfo
      vmsieve --mem-usage /proc/kcore > ours || exit 1
      makedumpfile --mem-usage /proc/kcore > theirs || exit 2
      address=$(sed -n 's/ D linux_banner$//p' /proc/kallsyms)
      vmsieve --mem-usage --vtop 0x$address /proc/kcore > vtop || exit 3
      """
    let log = try Lab.run("live", "6.1", programs: [Lab.vmsieve, Makedumpfile.path()], out: out, commands)
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8)
    }
    #expect(try text("status") == "0\n", "\(log)")
    let ours = try text("ours")
    let theirs = try text("theirs")
    func total(_ text: String) throws -> Int {
      try number("Total pages", text.replacing("Total pages on system:", with: "Total pages "))
    }
    // The machine goes on between the two runs: within 5 % of all memory.
    let slack = try total(ours) / 20
    let machine = try number("MemTotal:", text("meminfo")) / 4
    // What the kernel keeps for itself from the beginning is not in MemTotal.
    #expect(try (machine...machine + machine / 3).contains(total(ours)))
    // makedumpfile counts what it finds by the image's segment once more, as far as memory reaches there: zeros mostly.
    let countsTwice = try total(theirs) > total(ours) + slack
    for name in (countsTwice ? [] : ["ZERO"]) + ["NON_PRI_CACHE", "PRI_CACHE", "USER", "FREE"] {
      #expect(abs(try number(name, ours) - number(name, theirs)) < slack, "\(name)\n\(ours)\(theirs)")
    }
    let free = try number("MemFree:", text("meminfo"))
    #expect(abs(try number("FREE", ours) * 4 - free) < slack * 4)
    let shape = { (text: String) in
      text.split(separator: "\n").filter { $0.contains("\t") }.map {
        $0.filter { !"0123456789 ".contains($0) }
      }
    }
    #expect(shape(ours) == shape(theirs))
    let rows = try text("vtop").split(separator: "\n")
    let answer = rows.drop { !$0.hasPrefix("VIRTUAL") }.dropFirst().first
    #expect(answer?.split(separator: " ").count == 2)
  }
}
