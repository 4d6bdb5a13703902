import DumpFixtures
import KernelModel

extension SlabFixture {
  init(
    _ generation: KernelGeneration, _ coding: FreePointerCoding, redLeftPad: UInt32 = 0, flags: UInt32 = 0,
    flagBits: [(String, Int32)] = [], processors: Int = 1, types more: (inout BTFBuilder) -> Void = { _ in }
  ) {
    let stored: Coding =
      switch coding {
      case .plain: .plain
      case .mixed: .mixed
      case .mixedSwapped: .mixedSwapped
      }
    self.init(
      generation, storing: stored, redLeftPad: redLeftPad, flags: flags, flagBits: flagBits,
      processors: processors, types: more)
  }

  func walk() throws -> SlabWalk {
    let opened = try tables.open()
    var memory = try opened.kernel.memory()
    return try SlabWalk(opened.kernel, in: &memory)
  }
}
