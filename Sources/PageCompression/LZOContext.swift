internal import CLZO

/// The work memory of lzo1x_1_12: 32 KiB, made once.
///
/// lzo1x_1, which makedumpfile takes, clears a larger table for each page. On the pages of real vmcores (6.1, 6.12, 7.3) it is
/// slower by 9 to 12 %, for 0.2 to 0.3 % fewer bytes (Benchmarks/NOTES.md). Both write the same format.
@safe
struct LZOContext: ~Copyable, Sendable {
  nonisolated(unsafe) private let workMemory: UnsafeMutableRawPointer

  init() throws(CompressionError) {
    guard clzo_init() == LZO_E_OK else { throw .unusableLibrary(.lzo) }
    guard let memory = unsafe clzo_allocate_work_memory() else { throw .outOfMemory(.lzo) }
    unsafe workMemory = memory
  }

  deinit {
    unsafe clzo_free_work_memory(workMemory)
  }

  /// LZO's documented worst case. It does not know where its output ends, so this much must be there.
  static func outputBound(pageSize: Int) -> Int {
    pageSize + pageSize / 16 + 64 + 3
  }

  @_lifetime(output: copy output)
  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    precondition(output.byteCount >= LZOContext.outputBound(pageSize: page.byteCount))
    var length: lzo_uint = 0
    let status = unsafe page.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe lzo1x_1_12_compress(
          input.baseAddress, lzo_uint(input.count), output.baseAddress, &length, workMemory)
      }
    }
    return status == LZO_E_OK ? Int(length) : nil
  }
}
