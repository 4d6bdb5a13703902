import DumpFixtures
import Platform
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite struct TranslationTests {
  private static func configuration(
    levels: Int, leaf: KernelConfiguration.LeafSize = .fourKiB, smeMask: UInt64 = 0
  ) -> KernelConfiguration {
    var configuration = KernelConfiguration(.v6_12)
    configuration.levels = levels
    configuration.directMapLeaf = leaf
    configuration.vmemmapLeaf = leaf
    configuration.textLeaf = leaf
    configuration.smeMask = smeMask
    configuration.kaslrOffset = leaf == .oneGiB ? 0 : 0x1240_0000
    configuration.regionOffset = 0x67_4000_0000
    configuration.ram = [0..<300, 33_000..<33_100]
    return configuration
  }

  private static func translate(
    _ address: UInt64, _ kernel: SyntheticKernel, _ opened: OpenedVmcore, root: UInt64? = nil
  ) throws -> Result<UInt64, VmcoreError> {
    let tables = PageTables(
      root: PhysicalAddress(root ?? kernel.topTable), levels: kernel.configuration.levels,
      encryptionMask: kernel.configuration.smeMask)
    var memory = try KernelMemory(opened.memory, tables: tables)
    do throws(VmcoreError) { return .success(try memory.translate(VirtualAddress(address)).rawValue) } catch {
      return .failure(error)
    }
  }

  @Test(arguments: [4, 5], KernelConfiguration.LeafSize.allCases)
  func `every leaf size is followed at four and five levels`(
    levels: Int, leaf: KernelConfiguration.LeafSize
  ) throws {
    for smeMask in [0, 1 << 47, 1 << 51] as [UInt64] {
      let kernel = SyntheticKernel(Self.configuration(levels: levels, leaf: leaf, smeMask: smeMask))
      let opened = try OpenedVmcore(kernel.vmcore())
      var memory = try KernelFacts(VMCOREINFO(kernel.vmcoreinfoText), of: opened.memory)
        .memory(of: opened.memory)
      for pfn in kernel.ranges.joined() {
        let inside = (pfn * 2654435761) % 4096
        let direct = try memory.translate(VirtualAddress(kernel.pageOffset &+ pfn << 12 &+ inside))
        #expect(direct.rawValue == pfn << 12 + inside)
        let structPage = try memory.translate(VirtualAddress(kernel.structPageAddress(pfn)))
        #expect(structPage.rawValue == kernel.structPage(pfn))
      }
      for page in 0..<UInt64(kernel.image.count) {
        let text = try memory.translate(VirtualAddress(kernel.text + page << 12 + 7))
        #expect(text.rawValue == (kernel.image.lowerBound + page) << 12 + 7)
      }
    }
  }

  @Test(arguments: [4, 5])
  func `what reaches the last byte of the address space is read up to it, and no further`(levels: Int) throws
  {
    let kernel = SyntheticKernel(Self.configuration(levels: levels))
    kernel.map(vaddr: 0xffff_ffff_ffff_f000, paddr: 0x7000, leaf: .fourKiB)
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(.max - 1, kernel, opened).get() == 0x7ffe)
    #expect(try Self.translate(.max, kernel, opened).errorKind == .unmapped(level: 1))
    var memory = try KernelFacts(VMCOREINFO(kernel.vmcoreinfoText), of: opened.memory).memory(
      of: opened.memory)
    var buffer = try MappedBuffer(byteCount: 512)
    #expect(throws: VmcoreError.self) {
      var bytes = buffer.mutableBytes
      try memory.read(VirtualAddress(0xffff_ffff_ffff_ff00), into: &bytes)
    }
  }

  @Test func `user page tables that lead back to themselves are walked once`() throws {
    let kernel = SyntheticKernel(Self.configuration(levels: 4))
    let top: UInt64 = 0x10_000
    let next: UInt64 = 0x11_000
    for index in 0..<256 as Range<UInt64> { kernel.memory.store(next | 0x67, at: top + index * 8) }
    for index in 0..<512 as Range<UInt64> { kernel.memory.store(next | 0x67, at: next + index * 8) }
    let opened = try OpenedVmcore(kernel.vmcore())
    var walk = try UserPages(Kernel(VMCOREINFO(kernel.vmcoreinfoText), of: opened.memory))
    walk.add(PhysicalAddress(top))
    let frames = walk.takeFrames()
    #expect(frames.count == 1 && frames.contains(PFN(next >> 12)))
  }

  @Test(arguments: [4, 5])
  func `an entry that is not present is named with its level`(levels: Int) throws {
    for level in 1...levels {
      let kernel = SyntheticKernel(Self.configuration(levels: levels))
      let address = kernel.pageOffset + 0x5000
      let entry = try #require(kernel.tableEntry(address, level: level))
      kernel.memory.store(kernel.memory.load(entry, as: UInt64.self) & ~1, at: entry)
      let opened = try OpenedVmcore(kernel.vmcore())
      #expect(try Self.translate(address, kernel, opened).errorKind == .unmapped(level: level))
    }
  }

  @Test(arguments: [4, 5])
  func `a table outside of memory is a hole and no crash`(levels: Int) throws {
    for level in 2...levels {
      for target in [0x7_0000_0000, 0xf_ffff_ffff_f000] as [UInt64] {
        let kernel = SyntheticKernel(Self.configuration(levels: levels))
        let address = kernel.pageOffset + 0x5000
        let entry = try #require(kernel.tableEntry(address, level: level))
        kernel.memory.store(target | 0x63, at: entry)
        let opened = try OpenedVmcore(kernel.vmcore())
        #expect(try Self.translate(address, kernel, opened).errorKind == .hole)
      }
    }
    let kernel = SyntheticKernel(Self.configuration(levels: levels))
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(kernel.text, kernel, opened, root: .max - 0xfff).errorKind == .hole)
  }

  @Test(arguments: [4, 5])
  func `tables that point back to themselves end after their levels`(levels: Int) throws {
    let kernel = SyntheticKernel(Self.configuration(levels: levels))
    let index: UInt64 = 300
    kernel.memory.store(kernel.topTable | 0x63, at: kernel.topTable + index * 8)
    // The sign bits above the top table's index.
    var address: UInt64 = levels == 5 ? 0xfe << 56 : 0xffff << 48
    for level in 1...levels { address |= index << UInt64(12 + 9 * (level - 1)) }
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(address + 0x123, kernel, opened).get() == kernel.topTable + 0x123)
  }

  @Test func `bit 7 makes a leaf at the second and third level only`() throws {
    let kernel = SyntheticKernel(Self.configuration(levels: 4))
    let address = kernel.pageOffset + 0x5000
    let expected = try #require(kernel.translate(address))
    for level in [1, 4] {
      let entry = try #require(kernel.tableEntry(address, level: level))
      kernel.memory.store(kernel.memory.load(entry, as: UInt64.self) | 0x80, at: entry)
    }
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(address, kernel, opened).get() == expected)
  }

  @Test func `bits above the address do not belong to it`() throws {
    let kernel = SyntheticKernel(Self.configuration(levels: 4))
    let address = kernel.pageOffset + 0x5000
    let expected = try #require(kernel.translate(address))
    for level in 1...4 {
      let entry = try #require(kernel.tableEntry(address, level: level))
      kernel.memory.store(kernel.memory.load(entry, as: UInt64.self) | 0xfff << 52, at: entry)
    }
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(address, kernel, opened).get() == expected)
  }

  @Test func `the last page of the address space is translated`() throws {
    let kernel = SyntheticKernel(Self.configuration(levels: 4))
    kernel.map(vaddr: 0xffff_ffff_ffff_f000, paddr: 0x3000, leaf: .fourKiB)
    let opened = try OpenedVmcore(kernel.vmcore())
    #expect(try Self.translate(0xffff_ffff_ffff_f123, kernel, opened).get() == 0x3123)
  }

  @Test(arguments: KernelGeneration.all)
  func `the kernel's names are read from where its generation has them`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    let opened = try OpenedVmcore(kernel.vmcore())
    let crashed = try KernelFacts(VMCOREINFO(kernel.vmcoreinfoText), of: opened.memory)
    var memory = try crashed.memory(of: opened.memory)
    let name = UtsName(of: crashed, &memory)
    #expect(name.release == generation.release)
    #expect(name.nodeName == "synthetic")
    #expect(name.machine == "x86_64")
    #expect(Int64(bitPattern: crashed.physicalBase) == kernel.physicalBase)
  }

  @Test func `reads cross leaves that are scattered in memory`() throws {
    let kernel = SyntheticKernel(Self.configuration(levels: 4))
    for pfn in 0..<UInt64(300) { kernel.setRaw(pfn, privateWord: pfn ^ 0x5555) }
    let opened = try OpenedVmcore(kernel.vmcore())
    var memory = try KernelFacts(VMCOREINFO(kernel.vmcoreinfoText), of: opened.memory)
      .memory(of: opened.memory)
    var bytes = [UInt8](repeating: 0, count: 300 * 64)
    do {
      var span = bytes.mutableSpan
      var raw = span.mutableBytes
      try memory.read(VirtualAddress(kernel.structPageAddress(0)), into: &raw)
    }
    for pfn in 0..<300 {
      #expect(bytes.loadLittleEndian(at: pfn * 64 + 40, as: UInt64.self) == UInt64(pfn) ^ 0x5555)
    }
    // A word that is not aligned, across two leaves.
    let border = kernel.structPageAddress(64) - 3
    let word = try memory.word(VirtualAddress(border))
    #expect(word == bytes.loadLittleEndian(at: 64 * 64 - 3, as: UInt64.self))
  }
}
