import DumpFixtures
import Foundation
import Testing

/// The lab's steps with tools that do what the test says: apt has one kernel, of two files.
@Suite("A step of the lab that fails leaves nothing, and the next call makes it")
struct LabTests {
  private let scratch: ScratchFolder
  private static let tools = """
    stub() { { echo '#!/bin/sh'; cat; } > "tools/$1"; chmod +x "tools/$1"; }
    mkdir tools
    stub dpkg-query <<< 'echo installed'
    stub sudo <<< 'exec "$@"'
    # Packages depend on a linux-base of which there is none: apt-cache says nothing, and is content.
    stub apt-get <<< 'case "$*" in *download*linux-base*) exit 100 ;; *download*) touch package.deb ;; esac'
    stub apt-cache <<'STUB'
    case "$1" in
      pkgnames) echo linux-image-6.1.0-7-amd64; echo linux-image-6.1.0-9-amd64; echo linux-image-6.1.0-9-cloud-amd64 ;;
      show) case "$2" in linux-image-6.1.0-9-amd64) echo "Package: $2" ;; linux-base-*) ;; *) exit 100 ;; esac ;;
    esac
    STUB
    stub dpkg <<'STUB'
    mkdir -p "$3/boot" "$3/lib/modules/6.1.0-9-amd64/kernel"
    echo kernel > "$3/boot/vmlinuz-6.1.0-9-amd64"
    touch "$3/lib/modules/6.1.0-9-amd64/kernel/9p.ko"
    STUB
    stub depmod < /dev/null
    """

  init() throws {
    scratch = try ScratchFolder()
    _ = try bash(Self.tools)
  }

  private func bash(_ script: String) throws -> ProgramRun {
    try ProgramUnderTest.run("/bin/bash", ["-c", "cd '\(scratch.path("."))'; \(script)"])
  }

  private func lab(_ arguments: String) throws -> ProgramRun {
    let lab = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Lab/lab").path
    return try bash("PATH=$PWD/tools:/usr/bin:/bin VMSIEVE_LAB=$PWD/cache '\(lab)' \(arguments)")
  }

  private var kernels: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: scratch.path("cache/kernels")).sorted()) ?? []
  }

  @Test(
    "A tool that fails is named in the last line, whatever step it fails in",
    arguments: ["depmod", "dpkg", "apt-get"])
  func failure(tool: String) throws {
    _ = try bash(
      "mv tools/\(tool) kept; printf '#!/bin/sh\\nexit 7\\n' > tools/\(tool); chmod +x tools/\(tool)")
    let failed = try lab("kernel 6.1")
    #expect(failed.status == 1)
    let last = failed.errors.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix("lab: ") && last.contains(tool == "dpkg" ? "unpack" : tool), "\(failed.errors)")
    #expect(kernels.isEmpty)
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path("cache"))
    #expect(!left.contains { $0.hasPrefix("making.") }, "\(left)")

    _ = try bash("mv kept tools/\(tool)")
    let made = try lab("kernel 6.1")
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.output == scratch.path("cache/kernels/6.1.0-9-amd64") + "\n")
    #expect(try bash("cat cache/kernels/6.1/vmlinuz").output == "kernel\n")
    #expect(kernels == ["6.1", "6.1.0-9-amd64"])
  }

  @Test("A step that is killed leaves nothing under the kernel's name")
  func killed() throws {
    _ = try bash("printf '#!/bin/sh\\nkill -9 $PPID; sleep 1\\n' > tools/depmod")
    #expect(try lab("kernel 6.1").status != 0)
    #expect(kernels.isEmpty)
    _ = try bash("printf '#!/bin/sh\\n' > tools/depmod")
    #expect(try lab("kernel 6.1").status == 0)
    #expect(kernels == ["6.1", "6.1.0-9-amd64"])
  }

  @Test(
    "A kernel that no archive has is said to be missing, with a status of its own; one that nobody knows is a mistake"
  )
  func missing() throws {
    // The host is no Debian, or its archive has no such suite.
    _ = try bash("printf '#!/bin/sh\\nexit 1\\n' > tools/apt-cache")
    let run = try lab("kernel 5.10")
    #expect(run.status == 3, "\(run.errors)")
    #expect(run.errors.contains("has a Linux 5.10: its vmcores are left out"), "\(run.errors)")
    #expect(kernels == ["5.10.missing"])
    #expect(try lab("kernel 9.9").status == 1)
  }
}
