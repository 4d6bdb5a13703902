import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct SymbolsFilesTests {
  private let slide: UInt64 = 0x1220_0000
  private let tables = KernelWithTables()

  /// The symbols of the build of the synthetic kernel: before KASLR.
  private var vmlinux: VmlinuxBuilder {
    var builder = VmlinuxBuilder()
    let text = tables.kernel.text - slide
    builder.symbols = [
      .init(name: "kernel.c", value: text, type: 4), .init(name: "_stext", value: text),
      .init(name: "kexec_crash_image", value: text + 0x40, type: 1),
      .init(name: "undefined", value: text + 0x50, section: 0),
      .init(name: "cpu_number", value: 0x1fb80, section: 0xfff1, type: 1),
    ]
    builder.banner = (text + 0x200, "Linux version \(tables.kernel.generation.release) (builder@host) #1")
    builder.symbols?.append(.init(name: "linux_banner", value: text + 0x200, type: 1))
    return builder
  }

  private func map(_ lines: [String]) throws -> TemporaryFile {
    try TemporaryFile(Array(lines.joined(separator: "\n").utf8), suffix: "map")
  }

  private func line(_ address: UInt64, _ name: String) -> String { "\(String(address, radix: 16)) T \(name)" }

  private func failure(_ files: KernelFiles) throws -> SymbolErrorKind? {
    let opened = try tables.open()
    return SymbolErrorKind.of { () throws(KernelError) in
      var memory = try SymbolErrorKind.opening { () throws(VmcoreError) in
        try opened.crashed.memory(of: opened.physical)
      }
      _ = try KernelSymbols(
        ["kexec_crash_image"], of: KernelSources(opened.crashed, files: files), in: &memory)
    }
  }

  @Test func `symbols of a vmlinux move with the kernel, per-CPU ones and absent ones do not`() throws {
    for extended in [false, true] {
      var builder = vmlinux
      builder.usesExtendedNumbering = extended
      let file = try TemporaryFile(builder.build(), suffix: "vmlinux")
      let names = ["kexec_crash_image", "cpu_number", "undefined", "kernel.c", "absent"]
      let symbols = try tables.open().symbols(names, KernelFiles(vmlinux: file.path))
      #expect(symbols.address(of: "kexec_crash_image")?.rawValue == tables.kernel.text + 0x40)
      #expect(symbols.address(of: "cpu_number")?.rawValue == 0x1fb80)
      for name in ["undefined", "kernel.c", "absent"] { #expect(symbols.address(of: name) == nil) }
      #expect(symbols.evidence[0] == "\(file.path) (the same release): 2 of 5 symbols")
    }
  }

  @Test func `a vmlinux of another kernel is refused, by its build ID before its release`() throws {
    tables.kernel.setKey("BUILD-ID", "00ff10")
    var builder = vmlinux
    builder.buildID = [0x00, 0xff, 0x10]
    builder.banner?.text = "Linux version 9.9.9 (builder@host) #1"
    let same = try TemporaryFile(builder.build(), suffix: "vmlinux")
    #expect(try failure(KernelFiles(vmlinux: same.path)) == nil)
    builder.buildID = [0x00, 0xff, 0x11]
    let other = try TemporaryFile(builder.build(), suffix: "vmlinux")
    #expect(try failure(KernelFiles(vmlinux: other.path)) == .malformed)
    builder.buildID = nil
    let release = try TemporaryFile(builder.build(), suffix: "vmlinux")
    #expect(try failure(KernelFiles(vmlinux: release.path)) == .malformed)
  }

  @Test func `a vmlinux whose _stext is not where KASLR moved it from is refused`() throws {
    tables.kernel.setKey("KERNELOFFSET", String(slide, radix: 16))
    var builder = vmlinux
    let right = try TemporaryFile(builder.build(), suffix: "vmlinux")
    #expect(try failure(KernelFiles(vmlinux: right.path)) == nil)
    builder.symbols?[1].value += 0x1000
    let moved = try TemporaryFile(builder.build(), suffix: "vmlinux")
    #expect(try failure(KernelFiles(vmlinux: moved.path)) == .malformed)
  }

  @Test func `what is no vmlinux is refused, and a file that is not there`() throws {
    let text = try TemporaryFile(Array("not an ELF file".utf8))
    #expect(try failure(KernelFiles(vmlinux: text.path)) == .malformed)
    #expect(try failure(KernelFiles(vmlinux: "/nowhere/vmlinux")) == .system)
    #expect(try failure(KernelFiles(systemMap: text.path)) == .malformed)
    #expect(try failure(KernelFiles(systemMap: "/nowhere/System.map")) == .system)
    let empty = try TemporaryFile([])
    #expect(try failure(KernelFiles(vmlinux: empty.path)) == .malformed)
    #expect(try failure(KernelFiles(systemMap: empty.path)) == .malformed)
  }

  @Test func `a damaged vmlinux gives an error or symbols, never a crash`() throws {
    var builder = vmlinux
    builder.buildID = [1, 2, 3]
    builder.btf = BTFBuilder().build()
    let bytes = builder.build()
    let opened = try tables.open()
    var refused = 0
    for seed in 0..<300 {
      var random = SeededGenerator(seed: UInt64(seed))
      let damaged = random.damaging(bytes, places: 1 << (seed % 8))
      let file = try TemporaryFile(damaged, suffix: "vmlinux")
      do throws(KernelError) {
        let vmlinux = try VmlinuxFile(opening: file.path)
        _ = try vmlinux.identify(opened.crashed)
        _ = try vmlinux.values(of: ["_stext", "absent"])
        _ = try vmlinux.types()
      } catch { refused += 1 }
    }
    #expect(refused > 50)
  }

  @Test func `a .BTF that only its header is left of is none`() throws {
    var builder = vmlinux
    builder.btf = BTFBuilder().build()
    for type in [UInt32(1), 8] {
      builder.btfType = type
      let file = try TemporaryFile(builder.build(), suffix: "vmlinux")
      let types = try VmlinuxFile(opening: file.path).types()
      let isThere = types != nil
      #expect(isThere == (type == 1))
    }
  }

  @Test func `a System.map is read to its last line, however long it is`() throws {
    let text = tables.kernel.text - slide
    var lines = [line(text, "_stext"), "000000000001fb80 A cpu_number"]
    // Longer than the reader's window, so that lines lie across its border.
    for index in 0..<9000 { lines.append(line(text + UInt64(index) * 16, "filler_symbol_\(index)")) }
    lines.append(line(text + 0x77, "kexec_crash_image"))
    let file = try map(lines)
    let names = ["kexec_crash_image", "filler_symbol_4711", "cpu_number", "filler_symbol_"]
    let symbols = try tables.open().symbols(names, KernelFiles(systemMap: file.path))
    #expect(symbols.address(of: "kexec_crash_image")?.rawValue == tables.kernel.text + 0x77)
    #expect(symbols.address(of: "filler_symbol_4711")?.rawValue == tables.kernel.text + 4711 * 16)
    #expect(symbols.address(of: "cpu_number")?.rawValue == 0x1fb80)
    #expect(symbols.address(of: "filler_symbol_") == nil)
  }

  @Test func `a System.map that contradicts VMCOREINFO is refused`() throws {
    let text = tables.kernel.text - slide
    let uts = tables.kernel.utsAddress - slide
    let right = try map([line(text, "_stext"), line(uts, "init_uts_ns")])
    #expect(try failure(KernelFiles(systemMap: right.path)) == nil)
    let other = try map([line(text, "_stext"), line(uts + 8, "init_uts_ns")])
    #expect(try failure(KernelFiles(systemMap: other.path)) == .malformed)
    let without = try map([line(uts, "init_uts_ns")])
    #expect(try failure(KernelFiles(systemMap: without.path)) == .malformed)
  }

  @Test func `VMCOREINFO comes before the user's files, and they before the vmcore's kallsyms`() throws {
    let text = tables.kernel.text
    tables.addKallsyms(.offsetsLast)
    tables.setSymbol("in_vmcoreinfo", text + 1)
    let file = try map([
      line(text - slide, "_stext"), line(text - slide + 2, "in_vmcoreinfo"),
      line(text - slide + 3, "filler_0001"),
    ])
    let names = ["in_vmcoreinfo", "filler_0001", "filler_0002"]
    let symbols = try tables.open().symbols(names, KernelFiles(systemMap: file.path))
    #expect(symbols.address(of: "in_vmcoreinfo")?.rawValue == text + 1)
    #expect(symbols.address(of: "filler_0001")?.rawValue == text + 3)
    #expect(symbols.address(of: "filler_0002")?.rawValue == text + 32)
    #expect(symbols.evidence.count == 3)
  }

  @Test func `types that contradict VMCOREINFO are another kernel's`() throws {
    func types(pageSize: UInt32) throws -> SymbolErrorKind? {
      var builder = BTFBuilder()
      let long = builder.integer("long unsigned int", 8)
      _ = builder.structure("page", pageSize, [.init(name: "flags", type: long, offset: 0)])
      let file = try TemporaryFile(builder.build(), suffix: "btf")
      let opened = try tables.open()
      let kernel = Kernel(opened.crashed, of: opened.physical, files: KernelFiles(vmlinux: file.path))
      return SymbolErrorKind.of { () throws(KernelError) in
        let types = try kernel.types(WantedTypes())
        #expect(types.btf.size("page") == 64)
        #expect(types.evidence.contains("2 sizes and offsets are the same"))
      }
    }
    #expect(try types(pageSize: 64) == nil)
    #expect(try types(pageSize: 72) == .malformed)
  }
}
