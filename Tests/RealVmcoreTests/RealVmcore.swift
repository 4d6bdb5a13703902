import DumpJudge
import Foundation
import Testing

/// A vmcore of the lab, and what is known of it without asking the program that is tested.
struct RealVmcore {
  /// The lab's name for it.
  var name: String
  var path: String
  var elf: ELFVmcore
  /// Frames of the kernel's own image, where vmsieve excludes nothing whatever their struct pages say.
  var kernelImage: Range<UInt64>

  init(_ name: String) throws {
    self.name = name
    path = try Lab.path("vmcores/\(name)/vmcore", made: "vmcore \(name)")
    elf = try ELFVmcore(path)
    // The kernel maps its image at the same place in all machines, and lists it in a PT_LOAD of its own.
    let image = elf.segments.first { $0.virtualAddress >= 0xffff_ffff_8000_0000 }
    kernelImage = image.map { $0.physicalAddress / 4096..<($0.physicalAddress + $0.fileSize) / 4096 } ?? 0..<0
  }

  /// Frames of which the vmcore has only a part: makedumpfile leaves them out, vmsieve keeps them.
  var partialFrames: Set<UInt64> {
    var frames: Set<UInt64> = []
    for segment in elf.segments {
      let end = segment.physicalAddress + segment.fileSize
      if segment.physicalAddress % 4096 != 0 { frames.insert(segment.physicalAddress / 4096) }
      if end % 4096 != 0 { frames.insert(end / 4096) }
    }
    return frames
  }

  /// All frames of which the vmcore has something.
  var frameCount: Int {
    var frames: Set<UInt64> = []
    for segment in elf.segments where segment.fileSize > 0 {
      frames.formUnion(segment.physicalAddress / 4096...(segment.physicalAddress + segment.fileSize - 1) / 4096)
    }
    return frames.count
  }

  /// Runs vmsieve on it.
  @discardableResult
  func dump(_ options: String, to dump: String) throws -> ProgramRun {
    try ProgramRun.succeeding(Lab.vmsieve, options.split(separator: " ").map(String.init) + [path, dump])
  }

  /// Runs the makedumpfile in PATH on it.
  func reference(_ options: String, to dump: String) throws {
    try ProgramRun.succeeding(
      try Lab.tool("makedumpfile"), options.split(separator: " ").map(String.init) + [path, dump])
  }

  /// Expects a dump to have the same pages as makedumpfile's, all of them right.
  ///
  /// The pages that may be there beyond makedumpfile's are those of ``kernelImage`` and ``partialFrames``.
  func expectSamePages(
    in dump: String, as reference: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var verdict = try judge(dump: KdumpDump(dump), vmcore: elf, reference: KdumpDump(reference))
    let partial = partialFrames
    verdict.extra.removeAll { kernelImage.contains($0) || partial.contains($0) }
    verdict.existingDiffers.removeAll { partial.contains($0) }
    #expect(verdict.isClean, "\(name): \(verdict)", sourceLocation: sourceLocation)
  }
}
