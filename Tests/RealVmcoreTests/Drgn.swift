import DumpFixtures
import Testing

/// drgn, by the scripts of the lab.
enum Drgn {
  /// What `Tests/Lab/drgn_<script>.py` prints of a dump.
  static func ask(
    _ script: String, of core: String, _ kernel: String, _ arguments: String...
  ) throws -> String {
    let run = try run(script, of: core, kernel, arguments)
    try #require(run.status == 0, "drgn_\(script).py \(core): \(run.errors)")
    return run.output
  }

  /// What a few lines print that have the dump as `prog`, and their arguments in `arguments`.
  static func evaluate(
    _ lines: String, of core: String, _ kernel: String, _ arguments: [String] = []
  ) throws -> String {
    let script = """
      import drgn, re, sys
      prog = drgn.Program()
      prog.set_core_dump(sys.argv[1])
      prog.load_debug_info([sys.argv[2]])
      arguments = sys.argv[3:]

      """
    return try ProgramRun.succeeding(
      try Lab.python(), ["-c", script + lines, core, try Lab.vmlinux(kernel)] + arguments,
      environment: ["DEBUGINFOD_URLS": ""]
    ).output
  }

  static func run(
    _ script: String, of core: String, _ kernel: String, _ arguments: [String] = []
  ) throws -> ProgramRun {
    let path = Lab.packageRoot.appending(path: "Tests/Lab/drgn_\(script).py").path
    return try ProgramRun.of(
      try Lab.python(), [path, core, try Lab.vmlinux(kernel)] + arguments,
      environment: ["DEBUGINFOD_URLS": ""])
  }
}
