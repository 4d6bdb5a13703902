import Foundation
import Testing

@Suite("What crash says of a damaged free list", .enabled(if: Lab.hasKernel("6.1")))
struct ReportedDamageTests {
  /// As reported to the kexec list on 2019-08-01: "kmem: dma-kmalloc-512: slab: ... invalid freepointer: ...".
  @Test("An invalid free pointer before; after it the answers of the undamaged vmcore")
  func invalidFreePointer() throws {
    let vmcore = try RealVmcore("6.1-low")
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe(tweaks: .published, untouched: 0.5))
    let questions = ["kmem -s", "kmem -S dma-kmalloc-512", "kmem -i"]
    let before = try Crash.ask(questions, of: damaged, "6.1")
    let undamaged = try Crash.ask(questions, of: vmcore.path, "6.1")
    let slabs = try #require(before["kmem -S dma-kmalloc-512"])
    #expect(slabs.contains("dma-kmalloc-512") && slabs.contains("invalid freepointer"), "\(slabs)")
    #expect(before["kmem -s"] != undamaged["kmem -s"])

    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", damaged, scratch.path("dump")])
    let after = try Crash.ask(questions, of: scratch.path("dump"), "6.1")
    for question in questions {
      #expect(after[question]?.contains("invalid") == false)
      #expect(after[question] == undamaged[question], "\(question)")
    }
  }
}
