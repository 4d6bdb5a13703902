import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

/// What `Tests/Lab/lab` made: kernels, vmcores, and readers of dumps.
///
/// A vmcore that is not there fails the test that wants it. Two exceptions: ``isSkipped``, and kernels that the
/// distribution does not have (``hasKernel(_:)``, ``hasVmcore(_:)``).
enum Lab {
  static let packageRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The folder with all of it: VMSIEVE_LAB, or the lab's own default.
  static let folder: URL =
    if let path = environment["VMSIEVE_LAB"], !path.isEmpty {
      URL(filePath: path)
    } else {
      FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/vmsieve-lab")
    }

  /// The program that is tested: VMSIEVE, or what `make build` leaves.
  static let vmsieve = environment["VMSIEVE"] ?? packageRoot.appending(path: "build/vmsieve").path

  /// Whether the caller chose to test without real vmcores, VMSIEVE_SKIP_REAL=1. Said aloud, once.
  static let isSkipped: Bool = {
    guard let value = environment["VMSIEVE_SKIP_REAL"], !value.isEmpty else { return false }
    print("VMSIEVE_SKIP_REAL is set: NO TEST ON A REAL VMCORE RUNS")
    return true
  }()

  /// Whether tests on a kernel can run: they do, unless the lab found no archive that has it.
  static func hasKernel(_ name: String) -> Bool {
    isThere("kernels/\(name)", "There is no Linux \(name) in the archives that this distribution knows")
  }

  /// Whether tests on a machine's vmcore can run: they do, unless the lab found that something it needs is not to be had here.
  ///
  /// - Parameter isExpected: whether CI runs them all the same, to fail: it runs where there is all that 6.1 and 6.12 need.
  ///   Of other series an archive has some and drops them.
  static func hasVmcore(_ machine: String, isExpected: Bool = true) -> Bool {
    isThere("vmcores/\(machine)", "The machine \(machine) cannot be made in this distribution", isExpected)
  }

  private static func isThere(_ relative: String, _ absence: String, _ isExpected: Bool = true) -> Bool {
    if isSkipped { return false }
    if FileManager.default.fileExists(atPath: folder.appending(path: relative + ".missing").path) {
      print("NOT RUN: \(absence)")
      return isExpected && environment["CI"] != nil
    }
    return true
  }

  /// Whether the program reads debug information: it is built as these tests are.
  static let readsDWARF: Bool = {
    if !VmlinuxFile.readsDebugInformation {
      print("NOT RUN: what reads DWARF, which this vmsieve is built without")
    }
    return VmlinuxFile.readsDebugInformation
  }()

  /// Whether `make test-all` runs, VMSIEVE_ALL=1: what takes longer than `make test` may.
  static let isThorough = environment["VMSIEVE_ALL"].map { !$0.isEmpty } ?? false

  /// Whether the lab has neither 6.1 nor 6.12 and made a vmcore of what this distribution boots.
  static let usesDistributionKernel =
    !isSkipped && FileManager.default.fileExists(atPath: folder.appending(path: "vmcores/distribution").path)

  /// A path below the lab's folder; a failure that says how to make what is not there.
  static func path(_ relative: String, made command: String) throws -> String {
    let path = folder.appending(path: relative).path
    try #require(
      FileManager.default.fileExists(atPath: path),
      "\(path) is missing: make it with Tests/Lab/lab \(command)")
    return path
  }

  /// A shell's function that compares two dumps page by page, by `$v`: the pages of a stream come in another order than
  /// those of a file.
  static let samePages =
    "same() { $v -f -l -d 31 $1 $1.same && $v -f -l -d 31 $2 $2.same && cmp $1.same $2.same; }; "

  /// Runs commands in a machine of the lab that it boots for them: in its capture kernel, or in the kernel that is alive.
  ///
  /// - Parameters:
  ///   - verb: of `Tests/Lab/lab`, `collect` or `live`, with its options and the machine.
  ///   - programs: that go along, by their paths.
  ///   - out: a new folder for what the machine leaves.
  /// - Returns: what the commands said.
  @discardableResult
  static func run(
    _ verb: String..., programs: [String] = [vmsieve], out: String, _ commands: String,
    within seconds: Int = 600
  ) throws -> String {
    let lab = packageRoot.appending(path: "Tests/Lab/lab").path
    try ProgramRun.succeeding(
      lab, verb + [programs.joined(separator: ","), out, commands], within: seconds)
    return try String(contentsOfFile: "\(out)/collect.log", encoding: .utf8)
  }

  static func hasVmlinux(_ kernel: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "kernels/\(kernel)/vmlinux").path)
  }

  static func vmlinux(_ kernel: String) throws -> String {
    try path("kernels/\(kernel)/vmlinux", made: "debuginfo \(kernel)")
  }

  /// The python that can import drgn.
  static func python() throws -> String { try path("drgn/bin/python", made: "drgn") }

  /// A program of the distribution, by its name.
  static func tool(_ name: String) throws -> String {
    let folders =
      (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    return try #require(found, "\(name) is not in PATH: make lab installs it")
  }

  static let environment = ProcessInfo.processInfo.environment
}
