import DumpFixtures
import Foundation
import Testing

extension ScratchFolder {
  /// A copy of a vmlinux whose section `.BTF` has another name: what a kernel before 5.2 has.
  func copyWithoutBTF(_ vmlinux: String) throws -> String {
    let copy = path("vmlinux-without-btf")
    try FileManager.default.copyItem(atPath: vmlinux, toPath: copy)
    let file = try FileHandle(forUpdating: URL(filePath: copy))
    func number(_ offset: UInt64, _ count: Int) throws -> UInt64 {
      try file.seek(toOffset: offset)
      return try #require(try file.read(upToCount: count)).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    // e_shoff and e_shstrndx; sh_offset and sh_size of the names of the sections.
    let names = try number(40, 8) + 64 * number(62, 2)
    let start = try number(names + 24, 8)
    let size = try number(names + 32, 8)
    try file.seek(toOffset: start)
    let text = try #require(try file.read(upToCount: Int(size)))
    let place = try #require(text.range(of: Data("\0.BTF\0".utf8)))
    try file.seek(toOffset: start + UInt64(place.lowerBound) + 1)
    try file.write(contentsOf: Data(".XTF".utf8))
    try file.close()
    return copy
  }
}
