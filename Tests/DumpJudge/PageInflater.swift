import CLZO
import CSnappy
import CZlib
import CZstd
import Glibc

/// Makes a page out of its stored bytes, with the libraries that the formats come from.
public final class PageInflater {
  /// Why a page's bytes are not a page.
  public enum Failure: Error, Equatable {
    case rawSize(Int)
    case codec(flags: UInt32, code: Int)
    case length(Int)
    case unknownFlags(UInt32)
  }

  public let pageSize: Int
  private let output: UnsafeMutableRawPointer
  // zlib keeps the stream's address.
  private let stream: UnsafeMutablePointer<z_stream>
  private let context: OpaquePointer?

  public init(pageSize: Int) {
    self.pageSize = pageSize
    output = .allocate(byteCount: pageSize, alignment: 4096)
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    context = ZSTD_createDCtx()
  }

  deinit {
    ZSTD_freeDCtx(context)
    inflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// Decompresses a page; the bytes are good until the next call.
  ///
  /// - Parameter flags: `page_desc.flags`: 0 raw, 1 zlib, 2 lzo, 4 snappy, 0x20 zstd.
  public func inflate(
    _ stored: UnsafeRawBufferPointer, flags: UInt32
  ) throws(Failure) -> UnsafeRawBufferPointer {
    var length = pageSize
    switch flags {
    case 0:
      guard stored.count == pageSize else { throw .rawSize(stored.count) }
      return stored
    case 0x01:
      length = try inflateZlib(stored)
    case 0x02:
      var size = lzo_uint(pageSize)
      let code = lzo1x_decompress_safe(stored.baseAddress, lzo_uint(stored.count), output, &size, nil)
      guard code == LZO_E_OK else { throw .codec(flags: flags, code: Int(code)) }
      length = Int(size)
    case 0x04:
      let code = snappy_uncompress(stored.baseAddress, stored.count, output, &length)
      guard code == SNAPPY_OK else { throw .codec(flags: flags, code: Int(code.rawValue)) }
    case 0x20:
      length = ZSTD_decompressDCtx(context, output, pageSize, stored.baseAddress, stored.count)
      guard ZSTD_isError(length) == 0 else { throw .codec(flags: flags, code: length) }
    default:
      throw .unknownFlags(flags)
    }
    guard length == pageSize else { throw .length(length) }
    return UnsafeRawBufferPointer(start: output, count: pageSize)
  }

  private func inflateZlib(_ stored: UnsafeRawBufferPointer) throws(Failure) -> Int {
    inflateReset(stream)
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: stored.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(stored.count)
    stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(pageSize)
    let code = CZlib.inflate(stream, Z_FINISH)
    guard code == Z_STREAM_END, stream.pointee.avail_in == 0 else { throw .codec(flags: 1, code: Int(code)) }
    return pageSize - Int(stream.pointee.avail_out)
  }
}
