import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("A kernel that the notes do not describe is found by what its symbols must show")
struct KernelKnowledgeTests {
  /// VMCOREINFO as the build has it: no KASLR, and nothing that only a boot knows.
  private func built(_ kernel: SyntheticKernel) -> VMCOREINFO {
    let offset = kernel.configuration.kaslrOffset
    let bootKeys = ["NUMBER(phys_base)", "NUMBER(pgtable_l5_enabled)", "NUMBER(sme_mask)", "KERNELOFFSET"]
    return VMCOREINFO(kernel.vmcoreinfoText).without(bootKeys).moved(by: 0 &- offset, on: .x86_64)
  }

  @Test(
    "Its place is found with four and five levels, with KASLR and without, and with encryption",
    arguments: [
      (4, UInt64(0), UInt64(0)), (4, 0x1220_0000, 0), (5, 0x3fe0_0000, 0), (4, 0x600_0000, 1 << 47),
    ])
  func place(levels: Int, offset: UInt64, mask: UInt64) throws {
    var configuration = KernelConfiguration(.v6_1)
    configuration.levels = levels
    configuration.kaslrOffset = offset
    configuration.smeMask = mask
    let kernel = SyntheticKernel(configuration)
    let opened = try OpenedVmcore(kernel.vmcore())
    let (info, place) = try KernelPlace.locate(built(kernel), in: opened.memory)
    #expect(place.slide == offset)
    #expect(place.levels == levels)
    #expect(place.encryptionMask == mask)
    #expect(Int64(bitPattern: place.physicalBase) == kernel.physicalBase)
    let actual = VMCOREINFO(kernel.vmcoreinfoText)
    for key in ["init_uts_ns", "_stext", "init_top_pgt", "mem_section", "node_data"] {
      #expect(info.symbol(key) == actual.symbol(key), "\(key)")
    }
    for key in ["phys_base", "pgtable_l5_enabled", "sme_mask"] {
      #expect(info.number(key) == actual.number(key), "\(key)")
    }
    #expect(info.string("KERNELOFFSET") == actual.string("KERNELOFFSET"))
  }

  @Test("What another boot wrote is moved to this one")
  func otherBoot() throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.kaslrOffset = 0x200_0000
    let other = VMCOREINFO(SyntheticKernel(configuration).vmcoreinfoText)
    configuration.kaslrOffset = 0x1c00_0000
    let kernel = SyntheticKernel(configuration)
    let opened = try OpenedVmcore(kernel.vmcore())
    let (info, _) = try KernelPlace.locate(other, in: opened.memory)
    #expect(info.symbol("_stext")?.rawValue == kernel.text)
    #expect(info.string("KERNELOFFSET") == "1c000000")
  }

  @Test("A kernel of another release is not there")
  func otherRelease() throws {
    let kernel = SyntheticKernel(.v6_1)
    let opened = try OpenedVmcore(kernel.vmcore())
    let other = VMCOREINFO(
      built(kernel).text.replacing("OSRELEASE=6.1.0-56-amd64", with: "OSRELEASE=6.1.0-57-amd64"))
    let kind = SymbolErrorKind.of { () throws(KernelError) in
      _ = try KernelPlace.locate(other, in: opened.memory)
    }
    #expect(kind == .absent)
  }

  @Test("The kernel's own copy of VMCOREINFO is found in memory, and copies of other boots are passed over")
  func search() throws {
    var configuration = KernelConfiguration(.v6_1)
    configuration.kaslrOffset = 0x1220_0000
    let kernel = SyntheticKernel(configuration)
    let text = kernel.vmcoreinfoText
    let timeless = VMCOREINFO(text).without(["CRASHTIME"]).text
    let stale = VMCOREINFO(text).moved(by: 0x20_0000, on: .x86_64).text
    for (pfn, copy) in [(UInt64(7), stale), (20, timeless), (30, text)] {
      kernel.memory.store(
        Array(copy.utf8) + [UInt8](repeating: 0, count: 4096 - copy.utf8.count), at: pfn << 12)
    }
    let found = VMCOREINFOSearch.find(in: try OpenedVmcore(kernel.vmcore()).memory)
    #expect(found?.address.rawValue == 30 << 12)
    #expect(found?.info.text == text)
    kernel.memory.store([0], at: 30 << 12)
    #expect(VMCOREINFOSearch.find(in: try OpenedVmcore(kernel.vmcore()).memory)?.address.rawValue == 20 << 12)
    // The note has the time, too.
    func note(_ size: Int) -> [UInt8] {
      let words = [11, UInt32(size), 0].flatMap { word in
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
      }
      return words + Array("VMCOREINFO\0\0".utf8) + Array(text.utf8)
    }
    kernel.memory.store(note(text.utf8.count), at: 40 << 12)
    let inNote = VMCOREINFOSearch.find(in: try OpenedVmcore(kernel.vmcore()).memory)
    #expect(inNote?.address.rawValue == 40 << 12 && inNote?.info.text == text)
    // One that does not fit into its page.
    kernel.memory.store(note(5000), at: 40 << 12)
    #expect(VMCOREINFOSearch.find(in: try OpenedVmcore(kernel.vmcore()).memory)?.address.rawValue == 20 << 12)
    kernel.memory.store([0], at: 20 << 12)
    #expect(VMCOREINFOSearch.find(in: try OpenedVmcore(kernel.vmcore()).memory) == nil)
  }

  private func types(_ enumerators: [(String, Int32)]) -> [UInt8] {
    var builder = BTFBuilder()
    let long = builder.integer("unsigned long", 8)
    _ = builder.structure("page", 64, [.init(name: "flags", type: long, offset: 0)])
    _ = builder.enumeration("some", enumerators)
    return builder.build()
  }

  private func generated(_ release: String, _ enumerators: [(String, Int32)]) throws -> VMCOREINFO {
    var vmlinux = VmlinuxBuilder()
    vmlinux.banner = (0xffff_ffff_8200_0020, "Linux version \(release) (builder) #1")
    vmlinux.symbols = [
      .init(name: "linux_banner", value: 0xffff_ffff_8200_0020),
      .init(name: "init_uts_ns", value: 0xffff_ffff_8300_0000),
      .init(name: "_stext", value: 0xffff_ffff_8100_0000),
    ]
    vmlinux.btf = types(enumerators)
    let file = try TemporaryFile(vmlinux.build(), suffix: "vmlinux")
    return VMCOREINFO(try VmlinuxFile(opening: file.path).vmcoreinfo())
  }

  @Test("A page's types are those of the release, whether they are macros or enumerators")
  func pageTypes() throws {
    let old = try generated("5.10.0-35-amd64", [("PG_lru", 4), ("PG_slab", 9), ("PG_head", 16)])
    #expect(old.number("PAGE_BUDDY_MAPCOUNT_VALUE") == -129)
    #expect(old.number("PAGE_OFFLINE_MAPCOUNT_VALUE") == -257)
    #expect(old.number("PAGE_HUGETLB_MAPCOUNT_VALUE") == nil)
    #expect(old.number("PG_slab") == 9)
    #expect(old.number("PG_head_mask") == 1 << 16)
    let bits = try generated("6.11.1", [("PG_lru", 5), ("PG_slab", 0x0200_0000), ("PG_buddy", 0x4000_0000)])
    #expect(bits.number("PG_slab") == nil)
    #expect(bits.number("PAGE_BUDDY_MAPCOUNT_VALUE") == Int64(KernelGeneration.v6_11.types.buddy))
    #expect(bits.number("PAGE_SLAB_MAPCOUNT_VALUE") == KernelGeneration.v6_11.types.slab.map { Int64($0) })
    let bytes = try generated(
      "6.16.1", [("PGTY_buddy", 0xf0), ("PGTY_offline", 0xf1), ("PGTY_unaccepted", 0xf7)])
    let types = KernelGeneration.v6_16.types
    #expect(bytes.number("PAGE_BUDDY_MAPCOUNT_VALUE") == Int64(types.buddy))
    #expect(bytes.number("PAGE_OFFLINE_MAPCOUNT_VALUE") == types.offline.map { Int64($0) })
    #expect(bytes.number("PAGE_UNACCEPTED_MAPCOUNT_VALUE") == types.unaccepted.map { Int64($0) })
  }
}
