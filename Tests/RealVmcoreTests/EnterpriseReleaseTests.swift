import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Distributions carry new page structures under old releases: the release changes no page")
struct EnterpriseReleaseTests {
  static let releases = [("6.1", "4.18.0-553.el8.x86_64"), ("6.12", "5.14.0-503.el9.x86_64")]
    .filter { Lab.hasKernel($0.0) }

  /// A vmcore whose VMCOREINFO names another release, and the folder that it is in as long as it is needed.
  private struct Renamed {
    let folder: ScratchFolder
    var path: String { folder.path("vmcore") }

    init(_ vmcore: RealVmcore, _ release: String) throws {
      folder = try ScratchFolder()
      try ProgramRun.succeeding(
        "/bin/cp", ["--reflink=auto", "--sparse=always", vmcore.path, folder.path("vmcore")])
      let file = try FileHandle(forUpdating: URL(filePath: folder.path("vmcore")))
      let head = try #require(try file.read(upToCount: 1 << 20))
      let line = try #require(head.range(of: Data("OSRELEASE=".utf8)))
      let end = try #require(head.range(of: Data("CRASHTIME=".utf8), in: line.upperBound..<head.endIndex))
      let text = String(decoding: head[line.upperBound..<end.lowerBound], as: UTF8.self)
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      // The note keeps its size: what the release takes, the build's number gives.
      let index = try #require(lines.firstIndex { $0.hasPrefix("BUILD-ID=") })
      lines[index] = String(lines[index].dropLast(release.utf8.count - lines[0].utf8.count))
      lines[0] = release
      let changed = Data(lines.joined(separator: "\n").utf8)
      try #require(changed.count == text.utf8.count)
      try file.seek(toOffset: UInt64(line.upperBound))
      try file.write(contentsOf: changed)
      try file.close()
    }
  }

  @Test("At each level the same bytes behind the headers", arguments: releases.indices)
  func samePages(index: Int) throws {
    let (kernel, release) = Self.releases[index]
    let vmcore = try RealVmcore(kernel)
    let renamed = try Renamed(vmcore, release)
    for level in 0...31 { try compare(vmcore, renamed, release, level) }
  }

  private func compare(_ vmcore: RealVmcore, _ renamed: Renamed, _ release: String, _ level: Int) throws {
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    let run = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", String(level), renamed.path, scratch.path("other")])
    #expect(!run.errors.contains("warning"), "level \(level): \(run.errors)")
    let dump = try Data(contentsOf: URL(filePath: scratch.path("dump")), options: .alwaysMapped)
    let other = try Data(contentsOf: URL(filePath: scratch.path("other")), options: .alwaysMapped)
    // The header and the sub-header with the notes: block_size and sub_hdr_size, which are the same.
    func number(_ data: Data, _ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(data[offset + $1]) << (8 * $1) }
    }
    let headers = number(dump, 428) * (1 + number(dump, 432))
    #expect(headers > 8192 && dump.count == other.count)
    #expect(other.prefix(headers).range(of: Data("OSRELEASE=\(release)\n".utf8)) != nil)
    #expect(dump[headers...] == other[headers...], "level \(level)")
  }
}
