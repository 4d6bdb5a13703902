import DumpFixtures
import DumpMemory
import KernelModel

/// An erase configuration, and what a kernel with a module makes of it.
public struct ErasureTarget: FuzzTarget {
  public static let name = "erase"
  public static let input =
    "the number of changes of the kernel (1), the changes (KernelPatch), then the text of the configuration"
  public static let mostBytes = 1024

  private let kernel: PatchedKernel
  private static let mostChanges = 16

  public init() {
    let fixture = ErasureFixture()
    let first = fixture.tables.kernel.text + 0x3000
    let end = fixture.tables.nextAddress
    kernel = PatchedKernel(fixture.tables.kernel)
    for address in stride(from: first, to: end, by: 4096) {
      kernel.addWindow(image: address, byteCount: address == first + 0x7000 ? 1024 : 256)
    }
  }

  public func seeds() -> [FuzzSeed] {
    let texts = [
      "erase described.key size 3\nerase described.text", "type described char [5]\nerase described",
      "type pointer struct secret *\nerase pointer.text size pointer.count",
      "type pointer void *\nerase pointer size 7",
      "[mymodule]\nerase listed.inner.key\ntype value struct own\nerase value.pad\n[vmlinux]\nerase described",
      "for s in modules within module:list\nerase s.name # comment\nendfor",
      "type pointer struct secret *\nfor p in pointer via text\nerase p.key nullify\nendfor",
      "type plain struct secret [2]\nfor e in plain\nerase e.text size 0x10K\nendfor",
    ]
    let pointer = KernelPatch.bytes(4, window: 2, value: 0x10 << 8 | 3)
    return texts.enumerated().map { FuzzSeed("text-\($0)", [0] + Array($1.utf8)) } + [
      FuzzSeed("changed", [1] + pointer + Array(texts[2].utf8))
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let count = Int(bytes.byte()) % Self.mostChanges
    var changes = InputBytes(bytes.take(count * KernelPatch.byteCount))
    let text = String(decoding: bytes.rest, as: UTF8.self)
    guard let script = try? ErasureScript(text) else { return }
    try Self.check(script)
    guard let kernel = kernel.patched(by: &changes), let result = try? Eraser.run(script, kernel) else {
      return
    }
    // Each byte of memory is erased once at most, and each run lies in memory.
    try FuzzFinding.unless(
      result.memory.byteCount <= kernel.physical.frames.count << 12,
      "\(result.memory.byteCount) bytes of memory are erased")
    let layer = ErasureLayer(result.memory, geometry: kernel.geometry)
    try FuzzFinding.unless(
      result.memory.isEmpty || !kernel.physical.frames.ranges.isEmpty, "memory is erased that is not there")
    for range in kernel.physical.frames.ranges { _ = layer.changes(range.lowerBound) }
  }

  /// A script has what was written, in order.
  private static func check(_ script: ErasureScript) throws(FuzzFinding) {
    for section in script.sections {
      for type in section.types.values {
        try FuzzFinding.unless(
          DeclaredType(type.text) == type, "the type \(type.text) is another when it is read again")
      }
    }
  }
}
