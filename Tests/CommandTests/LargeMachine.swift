import DumpFixtures
import Foundation

/// A vmcore of a machine with much memory that takes 64 MiB of disk: each segment shows the same random bytes,
/// each from another page on, so that no page is like its neighbours or like the one of the segment before.
final class LargeMachine {
  let path: String
  private let folder: ScratchFolder

  private static let randomBytes = 64 << 20

  init(memory: UInt64) throws {
    folder = try ScratchFolder()
    path = folder.path("vmcore")
    var segments: [(physical: UInt64, skip: UInt64, size: UInt64)] = []
    var physical: UInt64 = 0
    while physical < memory {
      let skip = UInt64(segments.count) * 4096
      let size = min(UInt64(Self.randomBytes) - skip, memory - physical)
      segments.append((physical, skip, size))
      physical += size
    }
    let dataStart = UInt64(65536)
    var bytes = Data(count: Int(dataStart))
    func store<Value: FixedWidthInteger>(_ value: Value, _ offset: Int) {
      withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
    store(0x0001_0102_464c_457f as UInt64, 0)
    store(4 as UInt16, 16)
    store(62 as UInt16, 18)
    store(1 as UInt32, 20)
    store(64 as UInt64, 32)
    store(64 as UInt16, 52)
    store(56 as UInt16, 54)
    store(UInt16(segments.count), 56)
    for (index, segment) in segments.enumerated() {
      let at = 64 + index * 56
      store(1 as UInt32, at)
      store(dataStart + segment.skip, at + 8)
      store(0xffff_8880_0000_0000 + segment.physical, at + 16)
      store(segment.physical, at + 24)
      store(segment.size, at + 32)
      store(segment.size, at + 40)
    }
    try bytes.write(to: URL(filePath: path))
    let run = try ProgramUnderTest.run(
      "/bin/sh", ["-c", "head -c \(Self.randomBytes) /dev/urandom >> '\(path)'"])
    precondition(run.status == 0)
  }
}
