internal import DumpPipeline
internal import Platform

/// A dump that appears whole or not at all.
extension ReplacementFile {
  static func forDump(_ path: String, replacing: Bool) throws(PipelineError) -> ReplacementFile {
    do throws(SystemError) { return try ReplacementFile(path, replacing: replacing) } catch {
      throw .system(error)
    }
  }

  /// What a writer writes to.
  borrowing func duplicate() throws(PipelineError) -> FileDescriptor {
    do throws(SystemError) { return try file.duplicate() } catch { throw .system(error) }
  }

  /// - Parameter record: what the dump is made of, where that is to be known later.
  consuming func commitDump(_ record: OutputRecord?, _ status: ExitStatus) throws(PipelineError) {
    do throws(SystemError) {
      try record?.write(to: file, status: status)
      try commit()
    } catch { throw .system(error) }
  }
}
