internal import DumpMemory
public import Platform

/// Where a dump's bytes go: a file, a flattened stream, or nowhere when only its size is asked for.
///
/// What can be done there differs, and writers ask for that: ``hasHoles``, ``canBeRewritten``, ``canBeReadBack``.
public struct DumpOutput: ~Copyable, Sendable {
  private enum Target: ~Copyable, Sendable {
    case file(FileDescriptor)
    case stream(FlattenedStreamWriter)
    case nowhere
  }

  private let target: Target
  /// No byte is written at or past this offset.
  private let sizeLimit: UInt64

  /// Whether what was never written reads as zero: a device keeps what it held before.
  let hasHoles: Bool

  /// A file, open for reading and writing.
  ///
  /// - Parameter sizeLimit: bytes that it may have at most; nil for no limit.
  public init(file: consuming FileDescriptor, sizeLimit: UInt64? = nil) {
    hasHoles = file.kind == .regular
    target = .file(file)
    self.sizeLimit = sizeLimit ?? .max
  }

  #if DEBUG
    private var faults: FaultPlan?

    init(file: consuming FileDescriptor, faults: FaultPlan) {
      self.init(file: file, sizeLimit: nil)
      self.faults = faults
    }
  #endif

  /// The flattened form (`-F`), for a pipe or whatever takes bytes: what is written goes out as records.
  public init(stream: consuming FileDescriptor, sizeLimit: UInt64? = nil) throws(DumpError) {
    hasHoles = false
    do throws(SystemError) { target = .stream(try FlattenedStreamWriter(stream)) } catch {
      throw DumpError(error)
    }
    self.sizeLimit = sizeLimit ?? .max
  }

  /// Takes everything, and keeps nothing (`--dry-run`).
  public init(countingUpTo sizeLimit: UInt64? = nil) {
    hasHoles = true
    target = .nowhere
    self.sizeLimit = sizeLimit ?? .max
  }

  /// Whether what was written can be read back.
  var canBeReadBack: Bool {
    switch target {
    case .file: true
    default: false
    }
  }

  /// Whether bytes may be written more than once, and in any order; else each once, as it is to stay.
  var canBeRewritten: Bool {
    switch target {
    case .stream: false
    default: true
    }
  }

  /// Lets a stream go on at an offset, and what lies before it read as zeros.
  func skip(to offset: UInt64) throws(DumpError) {
    switch target {
    case .stream(let stream):
      do throws(SystemError) { try stream.skip(to: offset) } catch { throw DumpError(error) }
    default:
      return
    }
  }

  /// Whether a stream was sent to its end.
  var hasStreamEnd: Bool {
    switch target {
    case .stream(let stream): stream.hasEnd
    default: false
    }
  }

  /// Sends the last of a stream, and the record that says so.
  func endStream() throws(DumpError) {
    switch target {
    case .stream(let stream):
      do throws(SystemError) { try stream.end() } catch { throw DumpError(error) }
    default:
      return
    }
  }

  /// Fails unless a file of this size is allowed.
  func checkLimit(_ size: UInt64) throws(DumpError) {
    guard size <= sizeLimit else { throw .sizeLimit(sizeLimit) }
  }

  /// Writes all bytes, or as many as the file takes; see `FileDescriptor.writeAsMuchAsPossible`.
  func writeAsMuchAsPossible(_ bytes: RawSpan, at offset: UInt64) -> (written: Int, error: DumpError?) {
    let room = sizeLimit - min(offset, sizeLimit)
    let allowed = Int(min(UInt64(bytes.byteCount), room))
    switch target {
    case .file(let file):
      #if DEBUG
        if let admitted = faults?.admit(allowed, at: offset), admitted < allowed {
          let result = file.writeAsMuchAsPossible(bytes.extracting(first: admitted), at: FileOffset(offset))
          return (result.written, .failed(SystemError("pwrite", subject: file.path, code: .inputOutput)))
        }
      #endif
      let result = file.writeAsMuchAsPossible(bytes.extracting(first: allowed), at: FileOffset(offset))
      if let error = result.error { return (result.written, DumpError(error)) }
    case .stream(let stream):
      do throws(SystemError) { try stream.write(bytes.extracting(first: allowed), at: offset) } catch {
        return (0, DumpError(error))
      }
    case .nowhere:
      break
    }
    return (allowed, allowed < bytes.byteCount ? .sizeLimit(sizeLimit) : nil)
  }

  /// Writes a part of a dump that exists, as it is.
  ///
  /// - Parameter range: bytes that the source has.
  func copy(
    _ range: Range<UInt64>, of source: InputFile, at offset: UInt64, by way: inout CopyWay
  ) throws(DumpError) {
    try checkLimit(offset + UInt64(range.count))
    switch target {
    case .file(let file):
      do throws(SystemError) { try source.copy(range, to: file, at: offset, by: &way) } catch {
        throw DumpError(error)
      }
    default:
      preconditionFailure("only a file is put together of others")
    }
  }

  func write(_ bytes: RawSpan, at offset: UInt64) throws(DumpError) {
    if let error = writeAsMuchAsPossible(bytes, at: offset).error { throw error }
  }

  /// Reads back what was written before; only a file can.
  func read(into buffer: inout MappedBuffer, byteCount: Int, at offset: UInt64) throws(DumpError) {
    switch target {
    case .file(let file):
      do throws(SystemError) {
        var bytes = buffer.mutableBytes
        var first = bytes._mutatingExtracting(first: byteCount)
        guard try file.read(into: &first, at: FileOffset(offset)) == byteCount else {
          throw SystemError("pread", subject: file.path, code: .inputOutput)
        }
      } catch {
        throw DumpError(error)
      }
    default:
      preconditionFailure("nothing was kept")
    }
  }

  /// Empties a file and gives it a length again: zeros that cost nothing, on a disk that may be full.
  func makeEmpty(size: UInt64) throws(DumpError) {
    guard hasHoles else { return }
    try truncate(to: 0)
    try truncate(to: size)
  }

  func truncate(to size: UInt64) throws(DumpError) {
    switch target {
    case .file(let file):
      guard hasHoles else { return }
      do throws(SystemError) { try file.truncate(to: size) } catch { throw DumpError(error) }
    default:
      return
    }
  }

  /// Reserves disk blocks; false where the filesystem cannot.
  func reserve(from offset: UInt64, byteCount: UInt64) throws(DumpError) -> Bool {
    switch target {
    case .file(let file):
      do throws(SystemError) {
        return try file.allocate(from: FileOffset(offset), byteCount: byteCount)
      } catch {
        throw DumpError(error)
      }
    default:
      return true
    }
  }

  /// Waits until what was written is on the disk, or out.
  func synchronize() throws(DumpError) {
    switch target {
    case .file(let file):
      do throws(SystemError) { try file.synchronize() } catch { throw DumpError(error) }
    case .stream(let stream):
      do throws(SystemError) { try stream.flush() } catch { throw DumpError(error) }
    case .nowhere:
      return
    }
  }
}
