import DumpFixtures
import DumpMemory
import Testing

@testable import KernelModel

@Suite("kallsyms names addresses, whatever its layout")
struct KallsymsAddressesTests {
  @Test(
    "The symbol before an address, with its size; of two at one place the first",
    arguments: KallsymsImage.Layout.allCases, [true, false])
  func names(layout: KallsymsImage.Layout, keepsAbsolute: Bool) throws {
    let tables = KernelWithTables()
    tables.addKallsyms(layout, keepsAbsolute: keepsAbsolute)
    let opened = try tables.open()
    var memory = try opened.crashed.memory(of: opened.physical)
    let kallsyms = try Kallsyms(opened.crashed, in: &memory)
    let text = tables.kernel.text
    let asked: [UInt64] = [text, text + 255 * 16 + 5, text + 1199 * 16, text - 0x100_0000]
    let (found, problem) = try kallsyms.symbols(holding: Set(asked), &memory)
    #expect(problem == nil)
    // _stext and filler_0000 lie at one place.
    #expect(found[asked[0]] == KernelSymbol(name: "_stext", offset: 0, size: 16, module: nil))
    #expect(found[asked[1]] == KernelSymbol(name: "filler_0255", offset: 5, size: 16, module: nil))
    #expect(found[asked[1]]?.text == "filler_0255+0x5/0x10")
    #expect(found[asked[2]]?.name == "filler_1199" && found[asked[2]]?.offset == 0)
    #expect(found[asked[3]]?.name != "_stext")
    #expect(try kallsyms.start(holding: text + 255 * 16 + 5, &memory) == text + 255 * 16)
  }
}
