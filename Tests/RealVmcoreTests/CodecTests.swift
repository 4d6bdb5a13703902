import DumpFixtures
import DumpJudge
import Testing

@Suite(
  "Codec, threads and the way of reading change a dump's size, never its pages",
  .enabled(if: Lab.hasKernel("6.1")))
struct CodecTests {
  /// An option and the bit of `page_desc.flags` that it leads to.
  static let codecs: [(option: String, flag: UInt32)] = [
    ("", 0), ("-c", 1), ("-l", 2), ("-p", 4), ("-z", 0x20),
  ]

  @Test("Each codec, with one thread, two and five, mapped and read", arguments: codecs.indices, [1, 31])
  func sameContent(codec: Int, level: Int) throws {
    let (option, flag) = CodecTests.codecs[codec]
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    let first = scratch.path("first")
    try vmcore.dump("\(option) -d \(level) --num-threads 1", to: first)
    let reference = try KdumpDump(first)
    let verdict = judge(dump: reference, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    #expect(Set(verdict.codecs.keys).isSubset(of: [0, flag]), "\(verdict)")
    // Most pages compress, of those that are not zero.
    if flag != 0, level == 31 { #expect(verdict.codecs[flag, default: 0] > verdict.pages / 2, "\(verdict)") }
    if level == 1 {
      #expect(verdict.pages == vmcore.frames.count - (try vmcore.alwaysExcluded))
    }

    let variants =
      level == 31
      ? [
        "", "--num-threads 2", "--num-threads 5", "--num-threads 2 --non-mmap", "--num-threads 1 --non-mmap",
      ]
      : ["--num-threads 2"]
    for variant in variants {
      let path = scratch.path("other")
      try vmcore.dump("-f \(option) -d \(level) \(variant)", to: path)
      let other = try judge(dump: KdumpDump(path), vmcore: vmcore.elf, reference: reference)
      #expect(other.isClean, "\(variant): \(other)")
      #expect(other.codecs == verdict.codecs, "\(variant): \(other)")
    }
  }
}
