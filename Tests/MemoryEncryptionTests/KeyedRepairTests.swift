import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

@testable import MemoryEncryption

/// With the key nothing is proven: what keeps it from making noise of memory that is right are these refusals.
@Suite struct KeyedRepairTests {
  private static let hint = Investigation.UserRegion(backup: PhysicalAddress(SyntheticKernel.lowBackup))

  /// What became of a vmcore with a key. The constants of XE undo the damage with any key.
  private func undo(
    _ damage: SyntheticKernel.LowDamage?, mode: CipherMode = .xe, view: CaptureView = .encrypted,
    region: Investigation.UserRegion? = hint, tweaks: TweakTable = .published
  ) throws -> Repair {
    let kernel = SyntheticKernel.withLowMemory()
    var image = kernel.vmcore()
    if let damage { kernel.damageLowMemory(damage, in: &image) }
    let file = try TemporaryFile(image.bytes)
    let memory = try PhysicalMemory(ELFCore(opening: file.path), prefersMapping: false)
    let crashed = try Kernel(VMCOREINFO(kernel.vmcoreinfoText), of: memory)
    let key = try TemporaryFile(Array("000102030405060708090a0b0c0d0e0f".utf8), suffix: "key")
    let table = try TemporaryFile(
      Array(
        (4...51).compactMap { bit in tweaks[bit].map { "t\(bit) \($0)\n" } }.joined().utf8), suffix: "tweaks")
    return try Repair(
      Investigation(crashed, region: region), of: crashed,
      key: KeyMaterial(keyPath: key.path, mode: mode, tweaksPath: table.path), view: view, user: region)
  }

  private func refusal(_ body: () throws -> Repair) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test func `The key brings back what XE damaged`() throws {
    #expect(try undo(.xe).record.contains("with the key"))
  }

  @Test func `Low memory that makes sense as it is is refused`() {
    #expect(refusal { try undo(nil) }.contains("makes sense as it is (undamaged)"))
  }

  @Test func `Without the backup's place nothing can be moved back`() {
    #expect(refusal { try undo(.noise, region: nil) }.contains("the backup region is not known"))
  }

  @Test func `Page tables that are no page tables with a key refuse it`() {
    #expect(refusal { try undo(.xe, view: .decrypted) }.contains("page tables make no sense"))
  }

  @Test func `Low memory that is noise with a key refuses it`() {
    #expect(refusal { try undo(.noise, mode: .xex) }.contains("still looks damaged"))
    #expect(refusal { try undo(.xe, mode: .xex) }.contains("still looks damaged"))
    var wrong = TweakTable.published
    for bit in 12...31 { wrong[bit] = wrong[bit]! ^ Block(repeating: 0x0101_0000 << UInt32(bit % 8)) }
    #expect(refusal { try undo(.xe, tweaks: wrong) }.contains("still looks damaged"))
  }

  @Test func `Constants of a page's blocks that are not known refuse a key`() {
    var holed = TweakTable.published
    holed[7] = nil
    #expect(refusal { try undo(.xe, tweaks: holed) }.contains("t4 to t11 are not all known"))
  }
}
