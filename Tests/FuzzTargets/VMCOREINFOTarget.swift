import DumpMemory
import KernelModel

/// VMCOREINFO's text, what it says of a kernel, and what that leads to.
public struct VMCOREINFOTarget: FuzzTarget {
  public static let name = "vmcoreinfo"
  public static let input = "the text of VMCOREINFO"
  public static let mostBytes = 4096

  private let kernel = PatchedKernel(.v6_1) { $0.ram = [0..<64] }

  public init() {}

  public func seeds() -> [FuzzSeed] {
    let old = PatchedKernel(.v4_14) { $0.ram = [0..<64] }
    let new = PatchedKernel(.v6_16) { $0.ram = [0..<64] }
    return [
      FuzzSeed("6.1", Array(kernel.info.utf8)), FuzzSeed("4.14", Array(old.info.utf8)),
      FuzzSeed("6.16", Array(new.info.utf8)), FuzzSeed("cut", Array(kernel.info.utf8.dropLast(7))),
      FuzzSeed(
        "small", Array("OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(a)=ff\nSIZE(b)=-1\nNUMBER(c)=0x1f\n".utf8)),
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    let info = VMCOREINFO(String(decoding: input, as: UTF8.self))
    try checkNumbers(of: info)
    // What is made of a text and put into a note comes out of the note as it was.
    let notes = CoreNotes([]).with(info)
    if let again = notes.vmcoreinfo, !info.text.utf8.contains(0) {
      try FuzzFinding.unless(again.text == info.text, "VMCOREINFO of \(input.count) bytes changes in a note")
    }
    guard let crashed = try? Kernel(info, of: kernel.physical) else { return }
    _ = crashed.symbolsAtHand(["_stext", "pgd_list", "no such name"])
    _ = crashed.image
    _ = crashed.confirmedDirectMap
    if let map = try? crashed.memoryMap() { try MemSectionTarget.check(map, of: kernel.physical) }
    guard let source = try? crashed.facts.memory(of: kernel.physical) else { return }
    var memory = source
    _ = UtsName(of: crashed.facts, &memory)
    if var log = try? KernelLog(crashed, sinceClear: true) { try LogTarget.drain(&log) }
  }

  private func checkNumbers(of info: VMCOREINFO) throws(FuzzFinding) {
    for line in info.lines {
      guard let open = line.firstIndex(of: "("), let close = line.firstIndex(of: ")"), open < close else {
        continue
      }
      let name = String(line[line.index(after: open)..<close])
      for size in [info.size(name), info.offset(name)].compactMap({ $0 }) {
        try FuzzFinding.unless(
          (0...1 << 20).contains(size), "\(name) is \(size) bytes large, or at that place")
      }
      if let length = info.length(name) {
        try FuzzFinding.unless(length >= 0, "\(name) has \(length) elements")
      }
      _ = info.number(name)
      _ = info.symbol(name)
    }
    _ = info.isDamaged
  }
}
