internal import Diskdump
internal import Platform

/// The files of a split dump, open from before any work is done: a place that cannot be written to is known at once, and
/// nobody can put another file there meanwhile.
final class SplitFiles {
  private final class Held {
    let file: FileDescriptor
    init(_ file: consuming FileDescriptor) { self.file = file }
  }

  private var files: [Held] = []

  /// None for a dump that is not split, for one file of it alone, and for a dry run.
  init(_ request: DumpRequest) throws(CommandFailure) {
    let paths: [String]
    let block: Int32
    switch request.destination {
    case .file, .stream: return
    case .files(let files, let size): (paths, block) = (files, size)
    case .part(_, _, let size): (paths, block) = ([], size)
    }
    guard block >= 0, block % 4 == 0 else {
      throw CommandFailure("--splitblock-size \(block): not a multiple of the page size, which is 4 KiB")
    }
    if request.isDryRun { return }
    do throws(SystemError) {
      for path in paths {
        files.append(Held(try FileDescriptor.create(path, replacing: request.overwrites)))
      }
    } catch {
      _ = remove(paths)
      throw CommandFailure(error)
    }
  }

  /// Removes files that have no page, as far as they are there and can be.
  func remove(_ paths: [String]) -> (removed: [String], left: [String]) {
    var removed: [String] = []
    var left: [String] = []
    for held in files where paths.contains(held.file.path) {
      if FileDescriptor.remove(held.file.path, created: held.file.identity) {
        removed.append(held.file.path)
      } else {
        left.append(held.file.path)
      }
    }
    return (removed, left)
  }

  /// A file for a writer; for a dry run one that only counts.
  func output(_ index: Int, sizeLimit: UInt64?) throws(DumpError) -> DumpOutput {
    if files.isEmpty { return DumpOutput(countingUpTo: sizeLimit) }
    do throws(SystemError) {
      return DumpOutput(file: try files[index].file.duplicate(), sizeLimit: sizeLimit)
    } catch { throw .failed(error) }
  }

  /// Bytes that the filesystems have left, and how many files each is to take; empty where nothing is known.
  func rooms() -> [(available: UInt64, files: [Int])] {
    var rooms: [(device: FileIdentity.Device, available: UInt64, files: [Int])] = []
    for (index, held) in files.enumerated() {
      guard let device = held.file.device, let available = held.file.availableBytes() else { continue }
      if let known = rooms.firstIndex(where: { $0.device == device }) {
        rooms[known].files.append(index)
      } else {
        rooms.append((device, available, [index]))
      }
    }
    return rooms.map { ($0.available, $0.files) }
  }
}
