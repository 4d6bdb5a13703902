import DumpMemory
import KernelModel
import Testing

@Suite struct VMCOREINFOTests {
  @Test func `each kind of line is read in its base`() {
    let info = VMCOREINFO(
      """
      OSRELEASE=6.1.0-56-amd64
      SYMBOL(mem_section)=ffff8ae43fd2b000
      SIZE(page)=64
      OFFSET(page.flags)=0
      LENGTH(mem_section)=4096
      NUMBER(PG_lru)=4
      NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129
      NUMBER(VMALLOC_START)=0xffffcaf580000000
      KERNELOFFSET=11e00000

      """)
    #expect(info.string("OSRELEASE") == "6.1.0-56-amd64")
    #expect(info.symbol("mem_section")?.rawValue == 0xffff_8ae4_3fd2_b000)
    #expect(info.size("page") == 64)
    #expect(info.offset("page.flags") == 0)
    #expect(info.length("mem_section") == 4096)
    #expect(info.number("PG_lru") == 4)
    #expect(info.number("PAGE_BUDDY_MAPCOUNT_VALUE") == -129)
    #expect(info.number("VMALLOC_START") == Int64(bitPattern: 0xffff_caf5_8000_0000))
    #expect(info.string("KERNELOFFSET") == "11e00000")
    #expect(info.number("PG_hwpoison") == nil)
    #expect(info.symbol("mem_map") == nil)
  }

  @Test func `a number that does not read as decimal is hexadecimal`() {
    let info = VMCOREINFO("NUMBER(a)=ff\nNUMBER(b)=0x10\nNUMBER(c)=10\nNUMBER(d)=xyz\nNUMBER(e)=\n")
    #expect(info.number("a") == 255)
    #expect(info.number("b") == 16)
    #expect(info.number("c") == 10)
    #expect(info.number("d") == nil)
    #expect(info.number("e") == nil)
  }

  @Test func `the first of two lines with one key counts`() {
    let info = VMCOREINFO("NUMBER(PG_lru)=4\nNUMBER(PG_lru)=5\nOSRELEASE=a\nOSRELEASE=b\n")
    #expect(info.number("PG_lru") == 4)
    #expect(info.string("OSRELEASE") == "a")
  }

  @Test func `a name that another begins with is another name`() {
    let info = VMCOREINFO("SYMBOL(mem_map_x)=1000\nSYMBOL(xmem_map)=2000\nSIZE(pages)=8\nOSRELEASE2=x\n")
    #expect(info.symbol("mem_map") == nil)
    #expect(info.size("page") == nil)
    #expect(info.string("OSRELEASE") == nil)
  }

  @Test func `the kind of a line is part of its key`() {
    let info = VMCOREINFO("NUMBER(phys_base)=5\nSYMBOL(x)=10\n")
    #expect(info.symbol("phys_base") == nil)
    #expect(info.number("x") == nil)
  }

  @Test func `a line that was cut is not believed`() {
    let text = "NUMBER(PG_lru)=4\nNUMBER(PG_private)=13\n"
    for length in 0..<text.utf8.count {
      let info = VMCOREINFO(String(decoding: text.utf8.prefix(length), as: UTF8.self))
      #expect(info.number("PG_private") == nil, "cut to \(length) bytes")
      #expect(info.number("PG_lru") == (length >= 17 ? 4 : nil), "cut to \(length) bytes")
    }
  }

  @Test func `sizes and offsets that no structure has are absent`() {
    let info = VMCOREINFO(
      "SIZE(page)=-64\nOFFSET(page.flags)=99999999999\nSIZE(zone)=18446744073709551616\n"
        + "LENGTH(x)=-1\nSIZE(a)=6x\n"
    )
    #expect(info.size("page") == nil)
    #expect(info.offset("page.flags") == nil)
    #expect(info.size("zone") == nil)
    #expect(info.length("x") == nil)
    #expect(info.size("a") == nil)
  }

  @Test func `lines without an equals sign and values with one do no harm`() {
    let info = VMCOREINFO("garbage\n=\n=5\nOSRELEASE=a=b\n\n\nNUMBER(PG_lru)=4\n")
    #expect(info.string("OSRELEASE") == "a=b")
    #expect(info.number("PG_lru") == 4)
  }
}
