import DumpFixtures
import DumpMemory
import KernelModel

/// kallsyms, declared by VMCOREINFO or searched for in the kernel's image.
public struct KallsymsTarget: FuzzTarget {
  public static let name = "kallsyms"
  public static let input = "which kernel (1), then changes of its tables (KernelPatch)"
  public static let mostBytes = 512

  private let kernels: [PatchedKernel]
  private static let names = ["filler_0900", "twice", KernelWithTables.longName, "no such name"]

  public init() {
    let layouts: [(KallsymsImage.Layout, Bool, Bool)] = [
      (.wideMarkers, true, false), (.offsetsFirst, true, false), (.withSequences, false, true),
      (.offsetsLast, true, true), (.fromPlace, false, true),
    ]
    kernels = layouts.map { layout, keepsAbsolute, declared in
      let tables = KernelWithTables(.v6_1) {
        $0.ram = [0..<64]
        $0.patternedMemory = false
      }
      let place = tables.addKallsyms(layout, keepsAbsolute: keepsAbsolute, declared: declared)
      let patched = PatchedKernel(tables.kernel, hasKallsyms: true)
      patched.addWindow(image: place.address, byteCount: place.byteCount)
      for start in stride(from: 0, to: place.byteCount, by: 1024) {
        patched.addWindow(
          image: place.address + UInt64(start), byteCount: min(1024, place.byteCount - start))
      }
      return patched
    }
  }

  public func seeds() -> [FuzzSeed] {
    kernels.indices.flatMap { index in
      let begin = [UInt8(index)]
      let window = UInt8(kernels[index].windows.count / 2)
      let length = KernelPatch.bytes(3, window: window, value: 0xff)
      let word = KernelPatch.bytes(0, place: 700, value: kernels[index].kernel.text)
      return [
        FuzzSeed("plain-\(index)", begin), FuzzSeed("length-\(index)", begin + length),
        FuzzSeed("word-\(index)", begin + word),
      ]
    }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let patched = kernels[Int(bytes.byte()) % kernels.count]
    guard let kernel = patched.patched(by: &bytes), let source = try? kernel.memory() else { return }
    var memory = source
    guard let table = try? Kallsyms(kernel.facts, in: &memory) else { return }
    if let found = try? table.addresses(of: ["_stext"] + Self.names, &memory) {
      // That is how it is known which reading is right.
      try FuzzFinding.unless(
        found["_stext"] == kernel.info.symbol("_stext"),
        "_stext is at \(found["_stext"].map { "\($0)" } ?? "no place") by kallsyms")
      try FuzzFinding.unless(found.count <= Self.names.count + 1, "\(found.count) names were found")
    }
    let symbols = kernel.symbolsAtHand(Self.names)
    _ = symbols.evidence
    _ = symbols.address(of: "twice")
  }
}
