internal import CLZO

/// The work memory of lzo1x_1: 128 KiB, made once.
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

  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    precondition(output.byteCount >= LZOContext.outputBound(pageSize: page.byteCount))
    var length: lzo_uint = 0
    let status = unsafe page.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe lzo1x_1_compress(
          input.baseAddress, lzo_uint(input.count), output.baseAddress, &length, workMemory)
      }
    }
    return status == LZO_E_OK ? Int(length) : nil
  }
}
