import Glibc

/// An ELF vmcore as the truth about physical memory.
public final class ELFVmcore {
  /// A PT_LOAD.
  public struct Segment: Equatable {
    public var virtualAddress: UInt64
    public var physicalAddress: UInt64
    public var fileOffset: UInt64
    public var fileSize: UInt64
    public var memorySize: UInt64
  }

  public let path: String
  public let segments: [Segment]
  /// The contents of the PT_NOTE segments, one after the other.
  public let notes: [UInt8]

  private let file: MappedFile
  private let pageSize: Int
  private let assembled: UnsafeMutableRawPointer

  public init(_ path: String, pageSize: Int = 4096) throws(JudgeError) {
    self.path = path
    self.pageSize = pageSize
    file = try MappedFile(path)
    guard file.bytes(0, 5) == [0x7f, 0x45, 0x4c, 0x46, 2] else { throw JudgeError(path, "is no ELF64 file") }
    let table = try file.load(32, as: UInt64.self)
    let entrySize = UInt64(try file.load(54, as: UInt16.self))
    var count = UInt64(try file.load(56, as: UInt16.self))
    // PN_XNUM: the count is in sh_info of the first section.
    if count == 0xffff {
      let section = try file.load(40, as: UInt64.self)
      count = UInt64(try file.load(section + 44, as: UInt32.self))
    }
    var segments: [Segment] = []
    var notes: [UInt8] = []
    for index in 0..<count {
      let at = table + index * entrySize
      let type = try file.load(at, as: UInt32.self)
      let segment = Segment(
        virtualAddress: try file.load(at + 16, as: UInt64.self),
        physicalAddress: try file.load(at + 24, as: UInt64.self),
        fileOffset: try file.load(at + 8, as: UInt64.self),
        fileSize: try file.load(at + 32, as: UInt64.self),
        memorySize: try file.load(at + 40, as: UInt64.self))
      if type == 1 { segments.append(segment) }
      if type == 4 { notes += file.bytes(segment.fileOffset, segment.fileSize) ?? [] }
    }
    self.segments = segments
    self.notes = notes
    assembled = .allocate(byteCount: pageSize, alignment: 4096)
  }

  deinit {
    assembled.deallocate()
  }

  /// A page's content, where parts that no segment has are zero; nil for a page that is in none.
  ///
  /// The bytes are good until the next call.
  public func content(_ pfn: UInt64) -> UnsafeRawBufferPointer? {
    let start = pfn * UInt64(pageSize)
    let end = start + UInt64(pageSize)
    var found = false
    for segment in segments {
      let low = max(segment.physicalAddress, start)
      let high = min(segment.physicalAddress &+ segment.fileSize, end)
      guard low < high else { continue }
      guard let source = file.pointer(segment.fileOffset + low - segment.physicalAddress, high - low) else {
        continue
      }
      if high - low == UInt64(pageSize) { return UnsafeRawBufferPointer(start: source, count: pageSize) }
      if !found { memset(assembled, 0, pageSize) }
      found = true
      memcpy(assembled + Int(low - start), source, Int(high - low))
    }
    return found ? UnsafeRawBufferPointer(start: assembled, count: pageSize) : nil
  }
}
