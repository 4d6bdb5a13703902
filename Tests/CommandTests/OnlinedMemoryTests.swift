import DumpMemory
import KernelModel
import Testing

@testable import vmsieve

@Suite("Memory that the capture kernel has put on line for itself is told from the crashed kernel's")
struct OnlinedMemoryTests {
  /// As a capture kernel with 160 MiB at 208 MiB has it, and a DIMM of 256 MiB at 4 GiB.
  private let systemMemory = """
    00000000-00000fff : Reserved
    00001000-0009fbff : System RAM
    0d000000-16ffffff : System RAM
      0e000000-0effffff : Kernel code
    fed00000-fed003ff : HPET 0
    100000000-10fffffff : System RAM
    """

  /// The first kernel's: low memory, what lies around the reservation, and so many bytes from 4 GiB on.
  private func find(
    above size: UInt64, online: Set<UInt64>, in text: String? = nil, blockSize: UInt64 = 128 << 20
  ) -> OnlinedMemory? {
    let ranges = [
      0x1000..<0x9f000, 0x10_0000..<0xd00_0000, 0x1700_0000..<0x2800_0000, 1 << 32..<1 << 32 + size,
    ]
    let frames = PFNRanges(
      ranges.map { PFN($0.lowerBound / 4096)..<PFN($0.upperBound / 4096) }, maxMapNumber: 1 << 24)
    return OnlinedMemory(
      frames, memory: IOMemory(text ?? systemMemory), blockSize: blockSize,
      geometry: MachineKind.x86_64.leastGeometry
    ) {
      online.contains($0)
    }
  }

  @Test("Blocks on line that hold memory of both kernels count")
  func online() throws {
    let both = try #require(find(above: 256 << 20, online: [0, 1, 2, 32, 33]))
    #expect(both.pages == 65536 && both.first == PhysicalAddress(1 << 32))
    let second = try #require(find(above: 256 << 20, online: [0, 1, 2, 33]))
    #expect(second.pages == 32768 && second.first == PhysicalAddress(1 << 32 + 128 << 20))
    let half = try #require(find(above: 64 << 20, online: [0, 1, 2, 32, 33]))
    #expect(half.pages == 16384)
    #expect(half.warning.hasPrefix("16384 pages, the first at paddr 0x100000000, "))
  }

  @Test("What is off line, the reservation and low memory do not; nor does what is not told")
  func offline() {
    #expect(find(above: 256 << 20, online: [0, 1, 2]) == nil)
    #expect(find(above: 0, online: [0, 1, 2, 32, 33]) == nil)
    #expect(find(above: 256 << 20, online: [32], in: "") == nil)
    let hidden = "00000000-00000000 : System RAM\nx-y : System RAM"
    #expect(find(above: 256 << 20, online: [0], in: hidden) == nil)
    #expect(find(above: 256 << 20, online: [32], blockSize: 0) == nil)
  }
}
