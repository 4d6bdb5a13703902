import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import Diskdump

@Suite("A patched ELF core differs from the old one where the changed pages lie, and nowhere else")
struct ELFPatchTests {
  private static let size = 16 * 4096

  private func builder(_ segments: [ELFSegment]) -> ELFBuilder {
    var builder = ELFBuilder()
    builder.notes = [.prstatus(cpu: 0), .vmcoreinfo("OSRELEASE=6.1.0-test\n")]
    builder.segments = segments
    return builder
  }

  private func segment(_ paddr: UInt64, _ byteCount: Int = size) -> ELFSegment {
    let pages = (0..<UInt64((byteCount + 4095) / 4096)).flatMap { PhysicalPages.pattern(paddr / 4096 + $0) }
    return ELFSegment(
      vaddr: 0xffff_8880_0000_0000 &+ paddr, paddr: paddr, data: Array(pages.prefix(byteCount)))
  }

  private let page = [UInt8](repeating: 7, count: 4096)

  @Test("A page changes at every place where a segment has it, whole or in part")
  func overlaps() throws {
    // The second one has the page's last 256 bytes and what follows.
    var second = segment(0x10_3000)
    second.paddr += 0xf00
    second.vaddr += 0xf00
    second.data.removeFirst(0xf00)
    let image = builder([segment(0x10_0000), second]).build()
    let patched = try PatchedDump(image.bytes, [0x103: page])
    #expect(patched.report.changedPages == 1 && !patched.report.isRecorded)
    let first = image.segments[0] + 0x3000
    var wanted = image.bytes
    for place in Array(first..<first + 4096) + Array(image.segments[1]..<image.segments[1] + 256) {
      wanted[place] = 7
    }
    #expect(patched.new == wanted)
  }

  @Test("A second copy of a page that says something else stays")
  func differentCopy() throws {
    var other = segment(0x10_0000)
    other.data[0x3010] ^= 1
    let image = builder([segment(0x10_0000), other]).build()
    let patched = try PatchedDump(image.bytes, [0x103: page])
    let first = image.segments[0] + 0x3000
    #expect(patched.changedBytes.allSatisfy { (first..<first + 4096).contains($0) })
    #expect(patched.report.changedPages == 1)
  }

  @Test("Bytes that are memory of two addresses change for neither, and the page is named")
  func sharedBytes() throws {
    var lie = segment(0x80_0000, 4096)
    lie.claimedOffset = UInt64(builder([segment(0x10_0000), lie]).build().segments[0]) + 0x3800
    lie.claimedFileSize = 4096
    let image = builder([segment(0x10_0000), lie]).build()
    let patched = try PatchedDump(image.bytes, [0x103: page, 0x105: page])
    #expect(patched.report.changedPages == 1 && patched.report.failedPages == 1)
    #expect(patched.report.failures.map(\.pfn.rawValue) == [0x103])
    let first = image.segments[0] + 0x5000
    #expect(patched.changedBytes.allSatisfy { (first..<first + 4096).contains($0) })
  }

  @Test("Of a page that a segment has in part, only that part is written")
  func partialPage() throws {
    let image = builder([segment(0x1000, 0x9ec00)]).build()
    // What a reader sees behind the end is zero, and has no place in the file.
    var last = page
    for place in 0xc00..<4096 { last[place] = 0 }
    let patched = try PatchedDump(image.bytes, [0x9f: last])
    let end = image.segments[0] + 0x9ec00
    #expect(patched.changedBytes.allSatisfy { (end - 0xc00..<end).contains($0) })
    #expect(patched.new.count == image.bytes.count && patched.report.changedPages == 1)
  }

  @Test("A page that the file does not have to its end stays, as does the file's length")
  func truncated() throws {
    let image = builder([segment(0x10_0000)]).build()
    let patched = try PatchedDump(
      Array(image.bytes.dropLast(0x2800)), [0x103: page, 0x10d: page, 0x10f: page])
    #expect(patched.report.changedPages == 1)
    #expect(patched.new.count == patched.old.count)
    let first = image.segments[0] + 0x3000
    // The headers say that it was cut, and name no more than there is.
    #expect(
      patched.changedBytes.allSatisfy { (first..<first + 4096).contains($0) || $0 < image.segments[0] })
    #expect(patched.new[48] == 1)
  }
}
