internal import DumpMemory
internal import DumpPipeline
internal import KernelModel

extension DumpCommand {
  /// Says what the dump will take of memory at most, beside windows onto a vmcore that is mapped.
  ///
  /// - Parameter bitmap: bytes of the set of pages that are kept.
  func foretellMemory(bitmap: Int) {
    let (codec, level, pageSize) = (request.codec, request.level, memory.geometry.size)
    let types = kernel?.bytesOfTypes ?? 0
    let most = PipelineMemory.mostBytes(
      threads: threads, codec: codec, level: level, pageSize: pageSize, others: bitmap + types)
    let thread = PipelineMemory.bytesPerThread(codec, level: level, pageSize: pageSize)
    messages.debug(
      "memory: at most \(most) bytes are expected: \(PipelineMemory.ownBytes) of the program, \(thread) of each of \(threads)"
        + " threads, \(bitmap) of the page bitmap, \(types) of the kernel's types")
  }
}
