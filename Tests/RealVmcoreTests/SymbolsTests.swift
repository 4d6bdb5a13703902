import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

@Suite("Symbols and types come out of the vmcore as the kernel's build had them")
struct SymbolsTests {
  static let vmcores = ["6.1", "6.12", "6.1-la57", "6.12-numa", "6.1-guest"].filter {
    Lab.hasVmcore($0)
  }

  /// A vmcore's kernel; with `kallsyms` hidden, VMCOREINFO looks like one of a kernel before 6.0.
  private struct Opened {
    let physical: PhysicalMemory
    let crashed: KernelFacts
    var kernel: Kernel { Kernel(crashed, of: physical) }

    init(_ name: String, hidesKallsyms: Bool = false) throws {
      physical = try PhysicalMemory(try ELFCore(opening: RealVmcore(name).path), prefersMapping: true)
      var info = try #require(physical.vmcoreinfo())
      if hidesKallsyms {
        info = VMCOREINFO(info.lines.filter { !$0.contains("kallsyms") }.joined(separator: "\n") + "\n")
      }
      crashed = try KernelFacts(info, loads: physical.loads)
    }
  }

  /// What nm says of a kernel: names that it has once, and that kallsyms has too.
  private func namesAndValues(_ kernel: String) throws -> [(name: String, value: UInt64)] {
    let text = try ProgramRun.succeeding(try Lab.tool("nm"), [try Lab.vmlinux(kernel)]).output
    var values: [String: [UInt64]] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, "TtDdBb".contains(words[1]), let value = UInt64(words[0], radix: 16) else {
        continue
      }
      values[String(words[2]), default: []].append(value)
    }
    return values.filter { $0.value.count == 1 }.map { ($0.key, $0.value[0]) }.sorted { $0.name < $1.name }
  }

  @Test("kallsyms has the addresses that nm has, moved by KASLR", arguments: vmcores)
  func kallsyms(name: String) throws {
    let opened = try Opened(name)
    let all = try namesAndValues(RealVmcore(name).kernel)
    let some = stride(from: 0, to: all.count, by: max(all.count / 400, 1)).map { all[$0] }
    let offset = try #require(opened.crashed.info.string("KERNELOFFSET").flatMap { UInt64($0, radix: 16) })
    var memory = try opened.crashed.memory(of: opened.physical)
    let found = try Kallsyms(opened.crashed, in: &memory).addresses(of: some.map(\.name), &memory)
    for (symbol, value) in some {
      let moved = value >= 0xffff_ffff_8000_0000 ? value &+ offset : value
      if let address = found[symbol] { #expect(address.rawValue == moved, "\(symbol)") }
    }
    // The kernel leaves out labels that only its build needs.
    #expect(found.count * 10 > some.count * 9, "\(found.count) of \(some.count)")
  }

  @Test(
    "Without VMCOREINFO's help the same tables are found in Linux 6.1", .enabled(if: Lab.hasKernel("6.1")))
  func search() throws {
    let names = [
      "__start_BTF", "__stop_BTF", "kexec_crash_image", "init_task", "current_task", "page_offset_base",
    ]
    var results: [[String: VirtualAddress]] = []
    for hidden in [false, true] {
      let opened = try Opened("6.1", hidesKallsyms: hidden)
      var memory = try opened.crashed.memory(of: opened.physical)
      results.append(try Kallsyms(opened.crashed, in: &memory).addresses(of: names, &memory))
    }
    #expect(results[0].count == names.count)
    #expect(results[0] == results[1])
  }

  @Test("vmlinux gives the symbols and the types that the vmcore has itself", arguments: vmcores)
  func vmlinux(name: String) throws {
    let opened = try Opened(name)
    let files = KernelFiles(vmlinux: try Lab.vmlinux(RealVmcore(name).kernel))
    let names = KernelTypes.symbols + SlabWalk.symbols + ["kexec_crash_image", "crashk_res", "init_task"]
    var memory = try opened.crashed.memory(of: opened.physical)
    let own = try KernelSymbols(names, of: KernelSources(opened.crashed), in: &memory)
    let built = try KernelSymbols(names, of: KernelSources(opened.crashed, files: files), in: &memory)
    for symbol in names {
      #expect(own.address(of: symbol) != nil, "\(symbol)")
      #expect(own.address(of: symbol) == built.address(of: symbol), "\(symbol)")
    }
    #expect(built.evidence.last?.contains("the same build ID") == true)
    let ownTypes = try opened.kernel.types(WantedTypes())
    let builtTypes = try Kernel(opened.crashed, of: opened.physical, files: files).types(WantedTypes())
    #expect(ownTypes.btf.count == builtTypes.btf.count)
    #expect(ownTypes.evidence.hasPrefix(".BTF of the vmcore"))
    #expect(builtTypes.evidence.hasPrefix(files.vmlinux!))
  }

  @Test("A vmlinux of another kernel is refused", .enabled(if: Lab.hasKernel("6.1") && Lab.hasKernel("6.12")))
  func otherVmlinux() throws {
    let opened = try Opened("6.12")
    let files = KernelFiles(vmlinux: try Lab.vmlinux("6.1"))
    var memory = try opened.crashed.memory(of: opened.physical)
    do throws(KernelError) {
      _ = try KernelSymbols(["init_task"], of: KernelSources(opened.crashed, files: files), in: &memory)
      Issue.record("it was taken")
    } catch { #expect(error.description.contains("build ID")) }
  }

  @Test("drgn reads the same sizes and offsets from DWARF", arguments: vmcores)
  func drgn(name: String) throws {
    let members = [
      "page.flags", "page.compound_head", "slab.slab_cache", "slab.freelist", "kmem_cache.offset",
      "kmem_cache.random", "kmem_cache.red_left_pad", "kmem_cache.name", "kmem_cache_cpu.slab",
      "kimage.segment",
      "kimage.arch", "task_struct.comm", "task_struct.thread_info.flags", "mm_struct.pgd",
    ]
    let lines = """
      for path in arguments:
          structure, member = path.split('.', 1)
          kind = prog.type('struct ' + structure)
          print(path, drgn.offsetof(kind, member), drgn.sizeof(kind))
      """
    let vmcore = try RealVmcore(name)
    let answers = try Drgn.evaluate(lines, of: vmcore.path, vmcore.kernel, members)
    let opened = try Opened(name)
    let types = try opened.kernel.types(WantedTypes())
    var own = ""
    for path in members {
      let dot = path.firstIndex(of: ".")!
      let (structure, member) = (String(path[..<dot]), String(path[path.index(after: dot)...]))
      own += "\(path) \(types.btf.offset(structure, member) ?? -1) \(types.btf.size(structure) ?? -1)\n"
    }
    #expect(own == answers)
  }

  @Test("Every free list of every slab ends after as many objects as are free", arguments: vmcores)
  func slabs(name: String) throws {
    let opened = try Opened(name)
    var memory = try opened.crashed.memory(of: opened.physical)
    let walk = try SlabWalk(opened.kernel, below: PhysicalAddress(.max), in: &memory)
    #expect(walk.coding == .mixedSwapped)
    #expect(walk.implausible == 0)
    var freeLists = 0
    for slab in walk.slabs {
      for (number, first) in slab.freelists.enumerated() {
        var length = 0
        var pointer = first.rawValue
        while let index = slab.index(of: pointer), length <= slab.objects {
          length += 1
          pointer = slab.coded(try memory.word(slab.pointerPlace(index)), ofObject: index)
        }
        #expect(pointer == 0, "\(slab.cacheName) at \(slab.start)")
        if number == 0, slab.inUse < slab.objects { #expect(length == slab.objects - slab.inUse, "\(slab)") }
        freeLists += 1
      }
    }
    #expect(freeLists > 100, "\(freeLists) of \(walk.slabs.count) slabs have free objects")
  }
}
