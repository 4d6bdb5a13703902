import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import PageCompression
import Platform
import Testing

@testable import Diskdump

@Suite("Dumps that end early")
struct CutDumpTests {
  #if DEBUG
    /// Runs a scenario whose writing ends after some pages of the page cache; true if it came to its end.
    private func run(_ scenario: Scenario, pieces: Int, _ path: String, abandon: Bool) throws -> Bool {
      var writer = try DiskdumpWriter(
        scenario.description,
        to: DumpOutput(
          file: FileDescriptor.create(path, replacing: true), faults: FaultPlan(pieces: pieces)))
      do {
        try scenario.run(&writer)
        return true
      } catch let error as DumpError {
        guard case .failed(let cause) = error, cause.code == .inputOutput, !error.meansNoSpace else {
          throw error
        }
        if abandon { writer.abandon() }
        return false
      }
    }

    @Test(
      "Wherever a kill ends the writing, the dump shows no page wrongly and is not called complete",
      arguments: [UInt64(30), 31, 32, 33], [false, true])
    func killed(seed: UInt64, losesPages: Bool) throws {
      var scenario = Scenario.random(seed: seed, codec: .snappy, dumpLevel: Int32(seed % 2))
      if losesPages { scenario.unreadable = Set(scenario.dumpable.filter { ($0 &* 2_654_435_761) % 7 == 0 }) }
      let file = TemporaryPath()
      var most = 0
      var opened = 0
      for pieces in 0..<100_000 {
        let isComplete = try run(scenario, pieces: pieces, file.path, abandon: false)
        // Before its first block is there, nothing can be read of a dump.
        guard let dump = try? KdumpDump(file.path) else {
          #expect(!isComplete && opened == 0)
          continue
        }
        opened += 1
        let inspection = Inspection(dump, of: scenario)
        #expect(inspection.isHonest, "after \(pieces) pieces")
        #expect(dump.header.isIncomplete != isComplete)
        most = max(most, inspection.right.count)
        if isComplete {
          #expect(inspection.right == scenario.expected && inspection.cut.isEmpty)
          break
        }
      }
      #expect(opened > 20 && most == scenario.expected.count)
    }

    @Test(
      "A failing disk leaves what lies before the failure, and not a byte more", arguments: UInt64(40)..<44)
    func failingDisk(seed: UInt64) throws {
      let scenario = Scenario.random(seed: seed, codec: .zlib, dumpLevel: Int32(seed % 2))
      let file = TemporaryPath()
      var before = 0
      for pieces in 8..<100_000 {
        if try run(scenario, pieces: pieces, file.path, abandon: true) { break }
        guard let dump = try? KdumpDump(file.path), dump.breaches().isEmpty else { continue }
        let inspection = Inspection(dump, of: scenario)
        #expect(inspection.isHonest && dump.header.isIncomplete)
        #expect(inspection.right.count >= before, "less than with fewer writes, after \(pieces) pieces")
        before = inspection.right.count
      }
      #expect(before > 0)
    }
  #endif

  /// Appends until the limit, gives up as a caller does, and looks at what is left.
  private func fill(
    _ scenario: Scenario, _ path: String, sizeLimit: UInt64? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (error: DumpError?, dump: KdumpDump, inspection: Inspection) {
    var writer = try scenario.writer(path, sizeLimit: sizeLimit)
    var failure: DumpError?
    do {
      try scenario.run(&writer)
    } catch let error as DumpError {
      failure = error
      writer.abandon()
    }
    let dump = try openCopy(of: path)
    #expect(dump.breaches() == [], sourceLocation: sourceLocation)
    #expect(dump.header.isIncomplete == (failure != nil), sourceLocation: sourceLocation)
    #expect(dump.fileSize == writer.fileSize, sourceLocation: sourceLocation)
    let inspection = Inspection(dump, of: scenario)
    #expect(inspection.isHonest, sourceLocation: sourceLocation)
    // Up to the cut, and then nothing.
    #expect(inspection.right + inspection.cut == scenario.dumpable, sourceLocation: sourceLocation)
    return (failure, dump, inspection)
  }

  /// A full tmpfs has no page for a hole that is looked at through a mapping, and raises SIGBUS.
  private func openCopy(of path: String) throws -> KdumpDump {
    let copy = TemporaryPath()
    try FileManager.default.copyItem(atPath: path, toPath: copy.path)
    return try KdumpDump(copy.path)
  }

  @Test("A dump fills its size limit and never passes it", arguments: Codec.allCases)
  func sizeLimit(codec: Codec) throws {
    let scenario = Scenario(dumpable: Array(0..<1000), codec: codec, dumpLevel: 1)
    let file = TemporaryPath()
    try scenario.write(file.path)
    let whole = try KdumpDump(file.path).fileSize
    var generator = SeededGenerator(seed: 4)
    let head = 4096 * 5 + 24 * 1000
    for _ in 0..<12 {
      let limit = UInt64(head) + generator.below(whole - UInt64(head))
      let result = try fill(scenario, file.path, sizeLimit: limit)
      #expect(result.error == .sizeLimit(limit))
      #expect(result.error?.meansNoSpace == true)
      #expect(result.dump.fileSize <= limit && result.dump.fileSize + 4096 > limit)
    }
    #expect(try fill(scenario, file.path, sizeLimit: whole).error == nil)
    #expect(try fill(scenario, file.path, sizeLimit: whole - 1).inspection.cut.count > 0)
  }

  @Test("A limit below the headers, bitmaps and descriptors is said before anything is written")
  func tinyLimit() throws {
    let scenario = Scenario()
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path, sizeLimit: 100_000)
    #expect(throws: DumpError.sizeLimit(100_000)) { try scenario.begin(&writer) }
    writer.abandon()
    #expect(writer.fileSize == 0 && writer.bytesWritten == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)).isEmpty)
  }

  @Test("A limit cuts beyond 2 GiB as it does below", arguments: [UInt64(1) << 33, 1 << 35])
  func beyondTwoGibibytes(maxMapNumber: UInt64) throws {
    // Bitmaps of holes push the data past 2 GiB (8 GiB), at no cost on the disk.
    var scenario = Scenario(maxMapNumber: maxMapNumber, dumpable: Array(100..<1100), codec: .lzo)
    scenario.existing = [PFN(0)..<PFN(2000)]
    let file = TemporaryPath()
    let limit = 2 * maxMapNumber / 8 + 600_000
    var writer = try scenario.writer(file.path, sizeLimit: limit)
    try scenario.begin(&writer)
    #expect(throws: DumpError.sizeLimit(limit)) { try scenario.appendAll(&writer) }
    writer.abandon()

    let dump = try KdumpDump(file.path)
    #expect(dump.fileSize > 1 << 31 && dump.fileSize <= limit && dump.fileSize == writer.fileSize)
    #expect(dump.header.isIncomplete)
    var described = 0
    while let descriptor = dump.descriptor(described), descriptor.offset > 0 {
      #expect(descriptor.offset + UInt64(descriptor.size) <= dump.fileSize)
      described += 1
    }
    #expect(described > 100 && described < 1000)
    for index in described..<1000 {
      #expect(dump.descriptor(index) == KdumpDump.Descriptor(offset: 0, size: 0, flags: 0, pageFlags: 0))
    }
    for index in [0, 1, described / 2, described - 1] {
      let pfn = scenario.dumpable[index]
      #expect(try dump.page(pfn) == scenario.content(pfn))
    }
    #expect(throws: KdumpDump.PageFailure.cut) { try dump.page(scenario.dumpable[described]) }
    #expect(throws: KdumpDump.PageFailure.notDumped) { try dump.page(99) }
  }

  @Test("A huge max_mapnr costs holes, not blocks")
  func hugeMaxMapNumber() throws {
    var scenario = Scenario(maxMapNumber: 1 << 38, dumpable: [5, 70_000, 1 << 37])
    scenario.existing = [PFN(0)..<PFN(100), PFN(70_000)..<PFN(70_100), PFN(1 << 37)..<PFN(1 << 37 + 5)]
    let file = TemporaryPath()
    var writer = try scenario.writer(file.path)
    try scenario.run(&writer)
    var status = stat()
    #expect(stat(file.path, &status) == 0)
    #expect(status.st_size > 64 << 30)
    #expect(status.st_blocks * 512 < 1 << 20)
    #expect(writer.bytesWritten < 1 << 20)
  }

  @Test("A device that is full says so")
  func fullDevice() throws {
    let scenario = Scenario()
    var writer = try scenario.writer("/dev/full")
    let error = #expect(throws: DumpError.self) { try scenario.begin(&writer) }
    #expect(error == .noSpace(SystemError("pwrite", subject: "/dev/full", code: .noSpace)))
    #expect(error?.meansNoSpace == true)
  }

  @Test(
    "A full filesystem keeps every page that fits, and the descriptors of all",
    .enabled(if: MountedFilesystem.isPossible), arguments: MountedFilesystem.Kind.allCases)
  func fullFilesystem(kind: MountedFilesystem.Kind) throws {
    let filesystem = try MountedFilesystem(kind, byteCount: 4 << 20)
    let scenario = Scenario(codec: .none, dumpLevel: 1)
    let result = try fill(scenario, filesystem.folder + "/dump")
    guard case .noSpace = try #require(result.error) else {
      Issue.record("\(result.error!)")
      return
    }
    #expect(result.inspection.right.count > 500 && result.inspection.cut.count > 500)
  }

  @Test(
    "Where blocks cannot be reserved, zeros are written instead",
    .enabled(if: MountedFilesystem.isPossible))
  func withoutReservation() throws {
    let filesystem = try MountedFilesystem(.ext2, byteCount: 8 << 20)
    let scenario = Scenario(dumpable: Array(0..<800), codec: .zlib)
    #expect(try fill(scenario, filesystem.folder + "/dump").error == nil)
  }

  @Test(
    "A filesystem too small for the descriptors refuses the dump at once",
    .enabled(if: MountedFilesystem.isPossible), arguments: MountedFilesystem.Kind.allCases)
  func tooSmallFilesystem(kind: MountedFilesystem.Kind) throws {
    let filesystem = try MountedFilesystem(kind, byteCount: 1 << 20)
    var scenario = Scenario(maxMapNumber: 100_000, dumpable: Array(0..<100_000))
    scenario.existing = [PFN(0)..<PFN(100_000)]
    var writer = try scenario.writer(filesystem.folder + "/dump")
    let error = #expect(throws: DumpError.self) { try scenario.begin(&writer) }
    #expect(error?.meansNoSpace == true)
    writer.abandon()
    let dump = try openCopy(of: filesystem.folder + "/dump")
    #expect(dump.header.isIncomplete)
    #expect(Inspection(dump, of: scenario).right.isEmpty)
  }
}
