import DumpFixtures
import Foundation
import Testing

/// What a dump takes of memory is what the program says before: an administrator sizes crashkernel= by it.
@Suite("A dump takes no more memory than was foretold", .enabled(if: !Lab.isSkipped))
struct PeakMemoryTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  private func number(before words: String, in text: String) throws -> UInt64 {
    let end = try #require(text.range(of: words), "\(text)").lowerBound
    let digits = String(text[..<end].reversed().prefix(while: \.isNumber).reversed())
    return try #require(UInt64(digits), "\(text)")
  }

  @Test(arguments: ["-l", "-z", "-c", "-p", "-d 0"], [1, 2, 8])
  func peak(option: String, threads: Int) throws {
    let vmcore = try RealVmcore("6.12")
    let run = try ProgramRun.succeeding(
      Lab.vmsieve,
      ["-d", "31"] + option.split(separator: " ").map(String.init)
        + [
          "--sme", "off", "--non-mmap", "--num-threads", "\(threads)", "--message-level", "31", vmcore.path,
          scratch.path("dump"),
        ],
      within: 300)
    let text = run.output + run.errors
    let expected = try number(before: " bytes are expected", in: text)
    let taken = try number(before: " bytes at most were taken", in: text)
    // Of a file that was just linked the page cache has large pieces, and more is mapped than is used; a program with its debug
    // information, as a test may run it, is itself larger.
    let program = try #require(
      try FileManager.default.attributesOfItem(atPath: Lab.vmsieve)[.size] as? Int)
    #expect(taken <= expected + (program > 16 << 20 ? UInt64(program) : 3 << 20), "\(text)")
    // A forecast of any size would be true: this one is none of these.
    #expect(expected < 9 << 20 + UInt64(threads + 2) * 3 << 19)
  }
}
