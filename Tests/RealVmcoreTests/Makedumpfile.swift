import DumpFixtures
import Foundation

/// The makedumpfile to compare with: VMSIEVE_PEER (`make test PEER=FILE`), or the one in PATH.
enum Makedumpfile {
  static func path() throws -> String {
    if let peer = Lab.environment["VMSIEVE_PEER"], !peer.isEmpty { return peer }
    return try Lab.tool("makedumpfile")
  }

  private static let versionText: String =
    (try? ProgramRun.of(path(), ["-v"]))?.output ?? ""

  /// Its version, `[1, 7, 2]`; a build between releases, 1.7.9++, is `[1, 7, 9, 1]`; empty if there is none.
  static let version: [Int] = {
    // "makedumpfile: version 1.7.2 (released on 20 Oct 2022)"
    let words = versionText.split { $0 == " " || $0 == "\n" }
    guard let index = words.firstIndex(of: "version"), index + 1 < words.count else { return [] }
    let numbers = words[index + 1].split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
    return numbers + (words[index + 1].hasSuffix("+") ? [1] : [])
  }()

  /// Whether it understands a kernel's compound pages: 1.7.9 those of 6.12, and only later ones those of 7.1.
  static func knows(_ kernel: String) -> Bool {
    let series = kernel.split(separator: ".").compactMap { Int($0) }
    let wanted =
      if series.lexicographicallyPrecedes([6, 12]) {
        [1, 7, 2]
      } else if series.lexicographicallyPrecedes([7, 1]) {
        [1, 7, 9]
      } else {
        [1, 7, 9, 1]
      }
    guard !version.isEmpty, !version.lexicographicallyPrecedes(wanted) else {
      print(
        "makedumpfile \(version) does not know Linux \(kernel): IT IS NOT COMPARED WITH (PEER=FILE names another)"
      )
      return false
    }
    return true
  }

  /// The codecs that were built into it, by their option.
  static let codecs: Set<String> = {
    guard !versionText.isEmpty else { return [] }
    var codecs: Set<String> = ["-c"]
    for (name, option) in [("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z")]
    where versionText.contains("\(name)\tenabled") {
      codecs.insert(option)
    }
    return codecs
  }()
}
