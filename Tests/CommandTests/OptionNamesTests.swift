import Testing

@testable import vmsieve

// Serialized: getopt_long has one state for the whole process.
@Suite("makedumpfile's long options are abbreviated as they are to it", .serialized)
struct OptionNamesTests {
  /// makedumpfile 1.7.9 and what came behind it: getopt_long's table, without the letters.
  private static let names = [
    "split", "reassemble", "xen-syms", "xen-vmcoreinfo", "xen_phys_start", "message-level", "vtop",
    "dump-dmesg",
    "partial-dmesg", "config", "help", "diskset", "cyclic-buffer", "eppic", "non-mmap", "mem-usage",
    "splitblock-size", "work-dir", "num-threads", "check-params", "dry-run", "show-stats", "extension",
  ]
  /// Of these, what older releases did not have yet.
  private static let recent: Set<String> = ["extension"]

  /// Every way to write one of the names, and which it is.
  private static func spellings(of names: [String]) -> [(word: String, name: String)] {
    names.flatMap { name in
      (1...name.count).map { String(name.prefix($0)) }.filter { prefix in
        prefix == name || names.filter { $0.hasPrefix(prefix) }.count == 1
      }.map { ($0, name) }
    }
  }

  @Test("Every name and every abbreviation that is good for makedumpfile is good here, and means the same")
  func abbreviations() {
    let older = Self.names.filter { !Self.recent.contains($0) }
    var count = 0
    for (word, name) in Self.spellings(of: Self.names) + Self.spellings(of: older) {
      var scanner = OptionScanner(["vmsieve", "--\(word)=0"], table: OptionTable.all)
      guard let own = OptionTable.all.first(where: { "\($0.name)" == name }) else {
        Issue.record("--\(name) is not in the table")
        continue
      }
      if !own.takesArgument { scanner = OptionScanner(["vmsieve", "--\(word)"], table: OptionTable.all) }
      // Since there is --extension, --e and --ep alone are no longer what they were.
      guard case .option(let found, _) = scanner.next() else {
        #expect(word == "e", "--\(word) is refused")
        continue
      }
      #expect("\(found.name)" == name, "--\(word)")
      count += 1
    }
    #expect(count > 250)
  }

  @Test("No letter but makedumpfile's has a meaning")
  func letters() {
    let letters = OptionTable.all.map(\.letter).filter { $0 != 0 }.map { String(UnicodeScalar($0)) }
    #expect(letters.sorted().joined() == "DEFLRXbcdefghilpvxz")
    let taking = OptionTable.all.filter { $0.letter != 0 && $0.takesArgument }.map {
      String(UnicodeScalar($0.letter))
    }
    #expect(taking.sorted().joined() == "Lbdgix")
  }
}
