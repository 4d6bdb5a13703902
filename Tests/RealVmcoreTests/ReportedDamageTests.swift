import DumpFixtures
import Foundation
import Testing

@Suite("What crash says of a damaged free list", .enabled(if: Lab.hasVmcore("6.1-low")))
struct ReportedDamageTests {
  /// The report to the kexec list of 2019-08-01 had "invalid freepointer" for a slab of this cache. A hardened free
  /// list ends at once where it is noise: then crash counts free objects as allocated.
  @Test("It counts wrong before; after it the answers are the undamaged vmcore's")
  func freeLists() throws {
    let vmcore = try RealVmcore("6.1-low")
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe(tweaks: .published, untouched: 0.5))
    let questions = ["kmem -s", "kmem -S dma-kmalloc-512"]
    let before = try Crash.ask(questions, of: damaged, "6.1")
    let undamaged = try Crash.ask(questions, of: vmcore.path, "6.1")
    for question in questions {
      #expect(undamaged[question]?.contains("dma-kmalloc-512") == true)
      #expect(before[question]?.contains("dma-kmalloc-512") == true)
      #expect(before[question] != undamaged[question], "\(question)")
    }

    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", damaged, scratch.path("dump")])
    let after = try Crash.ask(questions, of: scratch.path("dump"), "6.1")
    for question in questions {
      #expect(after[question] == undamaged[question], "\(question)")
    }
  }
}
