import Foundation

/// The makedumpfile in PATH.
enum Makedumpfile {
  /// Its version, `[1, 7, 2]`; empty if there is none.
  static let version: [Int] = {
    guard let program = try? Lab.tool("makedumpfile"), let run = try? ProgramRun.of(program, ["-v"]) else {
      return []
    }
    // "makedumpfile: version 1.7.2 (released on 20 Oct 2022)"; a build between releases says 1.7.9++.
    let words = run.output.split { $0 == " " || $0 == "\n" }
    guard let index = words.firstIndex(of: "version"), index + 1 < words.count else { return [] }
    return words[index + 1].split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
  }()

  /// Whether it understands the compound pages of Linux 6.12: 1.7.9 does.
  static let knows612 = !version.lexicographicallyPrecedes([1, 7, 9]) && !version.isEmpty

  /// The codecs that were built into it, by their option.
  static let codecs: Set<String> = {
    guard let program = try? Lab.tool("makedumpfile"), let run = try? ProgramRun.of(program, ["-v"]) else {
      return []
    }
    var codecs: Set<String> = ["-c"]
    for (name, option) in [("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z")]
    where run.output.contains("\(name)\tenabled") {
      codecs.insert(option)
    }
    return codecs
  }()
}
