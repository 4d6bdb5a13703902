import DumpFixtures
import Foundation
import Testing

/// Machines have memory at addresses that their sum of memory does not suggest: two bits for each page below the highest
/// come to gigabytes, nearly all of which are zeros.
@Suite("Memory at high addresses is dumped, and its bitmaps take no room", .enabled(if: !Lab.isSkipped))
struct HighMemoryTests {
  /// A core with a few pages of data at an address, in a sparse file.
  private func core(at address: UInt64, _ size: UInt64, in folder: ScratchFolder) throws -> String {
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { header += $0 }
    }
    append(UInt16(4))
    append(UInt16(62))
    append(UInt32(1))
    for number in [0, 64, 0] as [UInt64] { append(number) }
    append(UInt32(0))
    for number in [64, 56, 1, 0, 0, 0] as [UInt16] { append(number) }
    append(UInt32(1))
    append(UInt32(7))
    for number in [4096, 0xff11_0000_0000_0000 &+ address, address, size, size, 0] { append(number) }
    header += [UInt8](repeating: 0, count: 4096 - header.count) + [UInt8](repeating: 0x41, count: 65536)
    try Data(header).write(to: folder.url("core"))
    let file = try FileHandle(forUpdating: folder.url("core"))
    try file.truncate(atOffset: 4096 + size)
    try file.close()
    return folder.path("core")
  }

  private func allocated(_ path: String) throws -> Int {
    let text = try ProgramRun.succeeding("/usr/bin/stat", ["-c", "%b", path]).output
    return try #require(Int(text.dropLast())) * 512
  }

  /// The last RAM of a real machine of five levels, and some just above 32 TiB.
  @Test(
    "File, stream and parts",
    arguments: [
      (0x6027_70ec_f000 as UInt64, 0x8f13_1000 as UInt64), (0x2100_0000_0000, 0x400_0000),
    ])
  func small(address: UInt64, size: UInt64) throws {
    let folder = try ScratchFolder()
    let core = try core(at: address, size, in: folder)
    // Each page has a descriptor of 24 bytes, also where it is one of zeros.
    let bound = (4 << 20) + Int(size / 4096) * 24
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "1", core, folder.path("file")])
    #expect(try allocated(folder.path("file")) < bound)
    try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "1", "--split", core, folder.path("1"), folder.path("2")])
    for part in ["1", "2"] { #expect(try allocated(folder.path(part)) < bound) }
    try ProgramRun.succeeding(
      "/bin/sh", ["-c", "'\(Lab.vmsieve)' -F -l -d 1 '\(core)' > '\(folder.path("stream"))'"])
    let sent = try FileManager.default.attributesOfItem(atPath: folder.path("stream"))[.size] as? Int
    #expect(try #require(sent) < bound)

    // What was sent is what is in the file.
    try ProgramRun.succeeding(
      "/bin/sh", ["-c", "'\(Lab.vmsieve)' -R '\(folder.path("again"))' < '\(folder.path("stream"))'"])
    #expect(try allocated(folder.path("again")) < bound)
    for name in ["file", "again", "stream"] {
      try ProgramRun.succeeding(Lab.vmsieve, ["verify", folder.path(name)])
    }
    try ProgramRun.succeeding(Lab.vmsieve, ["verify", folder.path("1"), folder.path("2")])
    // Comparing gigabytes of holes takes a while.
    if address < 1 << 46 {
      try ProgramRun.succeeding("/usr/bin/cmp", [folder.path("file"), folder.path("again")])
    }
  }
}
