import Foundation

/// What `Tests/Lab/check_json.py` says of answers.
public struct SchemaCheck: Sendable {
  private let script: String
  private let schema: String

  /// - Parameters:
  ///   - packageRoot: the folder with the sources.
  ///   - schema: where the JSON Schema lies in it.
  public init(packageRoot: URL, schema: String) {
    script = packageRoot.appending(path: "Tests/Lab/check_json.py").path
    self.schema = packageRoot.appending(path: schema).path
  }

  /// Whether the distribution's jsonschema is there; said aloud where not.
  public static let isThere: Bool = {
    let run = try? ProgramRun(of: "/usr/bin/python3", ["-c", "import jsonschema"])
    if run?.status != 0 {
      print("NOT RUN: answers against their JSON Schema: there is no python3-jsonschema")
    }
    return run?.status == 0
  }()

  /// - Returns: what is wrong, nil where nothing is.
  public func problem(of lines: String) throws -> String? {
    let run = try ProgramRun(of: "/usr/bin/python3", [script, schema], input: lines)
    let count = "\(lines.filter { $0 == "\n" }.count)\n"
    return run.status == 0 && run.output == count && run.errors == "" ? nil : run.output + run.errors
  }
}
