import DumpFixtures
import DumpMemory
import Foundation
import KernelModel

/// A vmcore on disk and what the reader makes of it.
struct OpenedVmcore {
  private let file: TemporaryFile
  let memory: PhysicalMemory

  /// - Parameter change: what becomes of the file before it is opened.
  init(
    _ image: ELFImage, prefersMapping: Bool = true, change: (FileHandle) throws -> Void = { _ in }
  ) throws {
    file = try image.write()
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file.path))
    try change(handle)
    try handle.close()
    memory = try PhysicalMemory(try ELFCore(opening: file.path), prefersMapping: prefersMapping)
  }

  /// Cuts the file that is open.
  func truncate(to size: UInt64) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
    try handle.truncate(atOffset: size)
    try handle.close()
  }
}

/// What a core's notes come to.
struct NotesSummary {
  let processorCount: Int
  let vmcoreinfo: Range<Int>?
  let byteCount: Int
  let storedByteCount: Int

  init(_ image: ELFImage) throws {
    let file = try image.write()
    let core = try ELFCore(opening: file.path)
    processorCount = core.notes.processorCount
    vmcoreinfo = core.notes.vmcoreinfoRange
    byteCount = core.notes.byteCount
    storedByteCount = core.notes.storedByteCount
  }
}

extension PhysicalMemory {
  /// The segments of an ELF core.
  var segments: MemorySegments {
    guard case .elf(let memory) = source else { preconditionFailure("not an ELF core") }
    return memory.segments
  }

  /// A page as an array, or why there is none.
  func page(_ pfn: UInt64) throws -> Result<[UInt8], VmcoreError> {
    var reader = try MemoryReader.sequential(self)
    do throws(VmcoreError) {
      return .success(try reader.withPage(PFN(pfn)) { bytes in bytes.withUnsafeBytes { Array($0) } })
    } catch {
      return .failure(error)
    }
  }
}

/// The kind of a memory error, without its address.
enum MemoryErrorKind: Equatable {
  case hole, notInFile, unreadable, damaged, ofFile
  case unmapped(level: Int)

  init(_ error: VmcoreError) {
    switch error {
    case .hole: self = .hole
    case .notInFile: self = .notInFile
    case .unreadable: self = .unreadable
    case .damaged: self = .damaged
    case .unmapped(_, let level): self = .unmapped(level: level)
    case .system, .foreign, .malformed: self = .ofFile
    }
  }
}

extension Result where Failure == VmcoreError {
  var errorKind: MemoryErrorKind? {
    switch self {
    case .success: nil
    case .failure(let error): MemoryErrorKind(error)
    }
  }
}

/// The kind of a refusal, without its words.
enum RefusalKind: Equatable {
  case system, foreign, malformed, accepted

  /// What opening a file comes to.
  static func opening(_ bytes: [UInt8]) throws -> RefusalKind {
    let file = try TemporaryFile(bytes)
    do throws(VmcoreError) {
      let core = try ELFCore(opening: file.path)
      _ = try PhysicalMemory(core, prefersMapping: true)
      return .accepted
    } catch {
      switch error {
      case .system: return .system
      case .foreign: return .foreign
      case .malformed: return .malformed
      case .hole, .notInFile, .unreadable, .damaged, .unmapped: throw error
      }
    }
  }
}
