import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// A vmcore of the lab, and what is known of it without asking the program that is tested.
struct RealVmcore: CustomStringConvertible {
  /// The lab's name for it.
  var name: String
  var path: String
  var elf: ELFVmcore
  /// The lab's name for its kernel: 6.1-la57 is a 6.1.
  var kernel: String { String(name.prefix { $0 != "-" }) }
  var description: String { path }
  private let pageSize: UInt64
  /// Frames of the kernel's own image, also those that it freed after boot.
  var kernelImage: Range<UInt64>

  /// Takes from a list what is the kernel's image, where vmsieve excludes nothing whatever the struct pages say: idt_table
  /// with a stale PG_lru, for one. What the kernel freed of its image stays in the list.
  func removeImageInUse(from frames: inout [UInt64]) throws {
    guard frames.contains(where: { kernelImage.contains($0) }) else { return }
    if Lab.hasVmlinux(kernel) {
      let image = try PageClasses.of(self).imageInUse
      frames.removeAll { image.contains($0) }
    } else if frames.count(where: { kernelImage.contains($0) }) <= 4 {
      // Nothing tells the two apart here; stale flags are few, and freed pages are many.
      frames.removeAll { kernelImage.contains($0) }
    }
  }

  /// - Parameters:
  ///   - path: where it is, if it is none of those that the lab keeps.
  ///   - pageSize: bytes of a frame.
  init(_ name: String, at path: String? = nil, pageSize: Int = 4096) throws {
    self.name = name
    self.path = try path ?? Lab.path("vmcores/\(name)/vmcore", made: "vmcore \(name)")
    let path = self.path
    elf = try ELFVmcore(path, pageSize: pageSize)
    let size = UInt64(pageSize)
    self.pageSize = size
    // The kernel lists its image in a PT_LOAD of its own: on x86_64 at the same place in all machines, on arm64 behind the
    // half of its addresses that memory is mapped to.
    let lowest: UInt64 = name.hasPrefix("arm64") ? 0xffff_8000_0000_0000 : 0xffff_ffff_8000_0000
    let image = elf.segments.first { $0.virtualAddress >= lowest }
    var frames: Set<UInt64> = []
    for segment in elf.segments where segment.fileSize > 0 {
      frames.formUnion(
        segment.physicalAddress / size...(segment.physicalAddress + segment.fileSize - 1) / size)
    }
    self.frames = frames
    kernelImage = image.map { $0.physicalAddress / size..<($0.physicalAddress + $0.fileSize) / size } ?? 0..<0
  }

  /// Frames of which the vmcore has only a part: makedumpfile leaves them out, vmsieve keeps them.
  var partialFrames: Set<UInt64> {
    var frames: Set<UInt64> = []
    for segment in elf.segments {
      let end = segment.physicalAddress + segment.fileSize
      if segment.physicalAddress % pageSize != 0 { frames.insert(segment.physicalAddress / pageSize) }
      if end % pageSize != 0 { frames.insert(end / pageSize) }
    }
    return frames
  }

  /// All frames of which the vmcore has something.
  let frames: Set<UInt64>

  /// Frames that no dump level keeps: those of the balloon, and poisoned ones. The guest itself counted both.
  var alwaysExcluded: Int {
    get throws {
      let folder = (path as NSString).deletingLastPathComponent
      func number(after key: String, in file: String) throws -> Int {
        let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        let words = try #require(line, "\(file) of \(name) has no \(key)").split(separator: " ")
        return try #require(Int(words[1]))
      }
      let balloon = try number(after: "balloon_inflate ", in: "vmstat")
      let poisoned = try number(after: "HardwareCorrupted:", in: "meminfo") / 4
      try #require(balloon > 0 && poisoned > 0, "\(name) has no balloon or no poisoned page")
      return balloon + poisoned
    }
  }

  /// Runs vmsieve on it.
  @discardableResult
  func dump(_ options: String, to dump: String) throws -> ProgramRun {
    try ProgramRun.succeeding(Lab.vmsieve, options.split(separator: " ").map(String.init) + [path, dump])
  }

  /// Runs the makedumpfile in PATH on it.
  func reference(_ options: String, to dump: String) throws {
    try ProgramRun.succeeding(
      try Makedumpfile.path(), options.split(separator: " ").map(String.init) + [path, dump])
  }

  /// Expects a dump to have the same pages as makedumpfile's, all of them right.
  ///
  /// The pages that may be there beyond makedumpfile's are of the kernel's image in use and of
  /// ``partialFrames``.
  func expectSamePages(
    in dump: String, as reference: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var verdict = try judge(dump: KdumpDump(dump), vmcore: elf, reference: KdumpDump(reference))
    let partial = partialFrames
    verdict.extra.removeAll { partial.contains($0) }
    try removeImageInUse(from: &verdict.extra)
    verdict.existingDiffers.removeAll { partial.contains($0) }
    #expect(verdict.isClean, "\(name): \(verdict)", sourceLocation: sourceLocation)
  }
}
