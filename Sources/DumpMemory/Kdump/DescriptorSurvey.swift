internal import PageCompression

/// What the page descriptors of a kdump-compressed dump say, without a look at the pages.
public struct DescriptorSurvey: Hashable, Sendable {
  /// Frames of the second bitmap.
  public internal(set) var pages: UInt64 = 0
  /// Pages stored as they are, the shared ones among them.
  public internal(set) var raw: UInt64 = 0
  public internal(set) var zlib: UInt64 = 0
  public internal(set) var lzo: UInt64 = 0
  public internal(set) var snappy: UInt64 = 0
  public internal(set) var zstd: UInt64 = 0
  /// Pages of zeros that share the first stored page of their file.
  public internal(set) var sharedZeros: UInt64 = 0
  /// Pages with no bytes: offset 0, or a descriptor or bytes behind the end of the file.
  public internal(set) var missing: UInt64 = 0
  /// Descriptors whose numbers are impossible.
  public internal(set) var malformed: UInt64 = 0

  mutating func count(_ descriptor: PageDescriptor?, in dump: KdumpFile) {
    pages += 1
    guard let descriptor else {
      missing += 1
      return
    }
    switch dump.state(of: descriptor) {
    case .missing, .pastEnd: missing += 1
    case .malformed: malformed += 1
    case .stored:
      switch Codec(descriptor.flags) {
      case .zlib: zlib += 1
      case .lzo: lzo += 1
      case .snappy: snappy += 1
      case .zstd: zstd += 1
      default:
        raw += 1
        if descriptor.offset == dump.sharedPage, dump.headers.subHeader.dumpLevel & 1 != 0 {
          sharedZeros += 1
        }
      }
    }
  }
}

extension KdumpStore {
  /// Reads every descriptor.
  public func survey() throws(VmcoreError) -> DescriptorSurvey {
    let frames = try dump.describedFrames()
    var survey = DescriptorSurvey()
    try dump.forEachDescriptor(of: frames) { survey.count($1, in: dump) }
    return survey
  }
}
