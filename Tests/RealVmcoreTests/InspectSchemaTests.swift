import DumpFixtures
import Foundation
import Testing

/// The schema is what others build on: each answer has what it promises, and nothing that it does not name.
@Suite(
  "What inspect answers of real vmcores is as its JSON Schema says",
  .enabled(if: Lab.hasKernel("6.1") && SchemaCheck.isThere))
struct InspectSchemaTests {
  static let machines = ["6.1", "6.12", "5.10", "7.3", "6.1-la57", "6.12-numa", "6.1-guest", "6.1-blocked"]
    .filter { Lab.hasVmcore($0) }
  private let check = SchemaCheck(packageRoot: Lab.packageRoot, schema: "integration/inspect.schema.json")
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  @Test("Of a vmcore, of its dump at level 31, and of what is left of one that was cut", arguments: machines)
  func answers(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let dump = scratch.path("dump")
    try vmcore.dump("-l -d 31", to: dump)
    let cut = scratch.path("cut")
    try FileManager.default.copyItem(atPath: dump, toPath: cut)
    let file = try FileHandle(forUpdating: URL(filePath: cut))
    try file.truncate(atOffset: try file.seekToEnd() / 2)
    try file.close()
    var lines = ""
    for path in [vmcore.path, dump, cut] {
      let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--ndjson", path])
      #expect(run.output.filter { $0 == "\n" }.count == 1)
      let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      #expect(object?["vmcore"] as? String == path && object?["error"] == nil)
      lines += run.output
    }
    #expect(try check.problem(of: lines) == nil)
    let json = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", dump]).output
    #expect(lines.contains(json))

    // The check sees what is missing, what is other than it was, and what nobody described.
    for (old, new) in [
      ("\"panic\": ", "\"pinic\": "), ("\"complete\": true", "\"complete\": 1"),
      ("{\"vmcore\"", "{\"new\": 1, \"vmcore\""),
    ] {
      let changed = json.replacing(old, with: new)
      let problem = try check.problem(of: changed)
      #expect(changed != json && problem != nil, "\(old)")
    }
  }
}
