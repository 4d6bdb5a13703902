import Glibc

/// A kdump-compressed dump, decoded by a reader that shares nothing with the writer that is to be judged.
public final class KdumpDump {
  /// A `page_desc` of the file.
  public struct Descriptor: Equatable {
    public var offset: UInt64
    public var size: UInt32
    public var flags: UInt32
    public var pageFlags: UInt64

    public init(offset: UInt64, size: UInt32, flags: UInt32, pageFlags: UInt64) {
      self.offset = offset
      self.size = size
      self.flags = flags
      self.pageFlags = pageFlags
    }
  }

  /// Why there is no content for a page.
  public enum PageFailure: Error, Equatable {
    /// The second bitmap does not have the page.
    case notDumped
    /// The descriptor is zero: the dump was cut before this page.
    case cut
    /// The descriptor itself lies past the end of the file.
    case noDescriptor
    /// The descriptor describes what lies past the end of the file.
    case pastEnd
    case stored(PageInflater.Failure)
  }

  public let path: String
  public let header: KdumpHeader
  /// Frames that the source has.
  public let existing: FrameBitmap
  /// Frames that the dump has.
  public let dumped: FrameBitmap
  public let descriptorsOffset: UInt64
  public var fileSize: UInt64 { UInt64(file.byteCount) }
  public var pageSize: Int { Int(header.blockSize) }

  let file: MappedFile
  private let inflater: PageInflater

  public init(_ path: String) throws(JudgeError) {
    self.path = path
    file = try MappedFile(path)
    header = try KdumpHeader(file)
    let block = UInt64(header.blockSize)
    let half = UInt64(header.bitmapBlocks / 2) * block
    guard header.bitmapBlocks % 2 == 0, half * 8 >= header.maxMapNumber else {
      throw JudgeError(path, "has \(header.bitmapBlocks) bitmap blocks for \(header.maxMapNumber) frames")
    }
    let first = (1 + UInt64(header.subHeaderBlocks)) * block
    existing = try FrameBitmap(file, at: first, byteCount: half)
    dumped = try FrameBitmap(file, at: first + half, byteCount: half)
    descriptorsOffset = first + 2 * half
    inflater = PageInflater(pageSize: Int(header.blockSize))
  }

  /// The copied PT_NOTE contents.
  public var notes: [UInt8]? { file.bytes(header.noteOffset, header.noteSize) }

  public var vmcoreinfo: String? {
    file.bytes(header.vmcoreinfoOffset, header.vmcoreinfoSize).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Any bytes of the file; nil past its end.
  public func bytes(at offset: UInt64, count: UInt64) -> [UInt8]? { file.bytes(offset, count) }

  /// The descriptor of the n-th page of the second bitmap.
  public func descriptor(_ index: Int) -> Descriptor? {
    guard let pointer = file.pointer(descriptorsOffset + UInt64(index) * 24, 24) else { return nil }
    return Descriptor(
      offset: pointer.loadUnaligned(as: UInt64.self),
      size: pointer.loadUnaligned(fromByteOffset: 8, as: UInt32.self),
      flags: pointer.loadUnaligned(fromByteOffset: 12, as: UInt32.self),
      pageFlags: pointer.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
  }

  /// A page's content.
  public func page(_ pfn: UInt64) throws(PageFailure) -> [UInt8] {
    guard dumped.contains(pfn) else { throw .notDumped }
    return [UInt8](try content(descriptor(dumped.count(below: pfn))))
  }

  /// Calls the body with every page of the second bitmap in order; the content is good until it returns.
  public func forEachPage(
    _ body: (_ pfn: UInt64, _ descriptor: Descriptor?, Result<UnsafeRawBufferPointer, PageFailure>) -> Void
  ) {
    var index = 0
    dumped.forEach { pfn in
      let descriptor = descriptor(index)
      index += 1
      do throws(PageFailure) {
        body(pfn, descriptor, .success(try content(descriptor)))
      } catch {
        body(pfn, descriptor, .failure(error))
      }
    }
  }

  private func content(_ descriptor: Descriptor?) throws(PageFailure) -> UnsafeRawBufferPointer {
    guard let descriptor else { throw .noDescriptor }
    if descriptor.offset == 0 { throw .cut }
    guard let stored = file.pointer(descriptor.offset, UInt64(descriptor.size)) else { throw .pastEnd }
    do throws(PageInflater.Failure) {
      return try inflater.inflate(
        UnsafeRawBufferPointer(start: stored, count: Int(descriptor.size)), flags: descriptor.flags)
    } catch {
      throw .stored(error)
    }
  }
}
