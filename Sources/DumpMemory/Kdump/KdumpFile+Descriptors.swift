internal import PageCompression
package import Platform

extension KdumpFile {
  /// What a descriptor comes to before the page's bytes are looked at.
  package enum DescriptorState {
    case stored
    /// Offset 0: the dump is incomplete, and the page was not written.
    case missing
    /// The file ends before the page's last byte.
    case pastEnd
    case malformed
  }

  package func state(of descriptor: PageDescriptor) -> DescriptorState {
    if descriptor.offset == 0 { return .missing }
    guard isShapely(descriptor), descriptor.offset >= dataStart else { return .malformed }
    return descriptor.offset + UInt64(descriptor.size) <= file.size ? .stored : .pastEnd
  }

  /// Whether a descriptor's numbers are those of a page somewhere.
  func isShapely(_ descriptor: PageDescriptor) -> Bool {
    let size = UInt64(descriptor.size)
    let sizeIsRight =
      descriptor.flags == .raw ? size == headers.blockSize : size > 0 && size <= headers.blockSize
    return sizeIsRight && Codec(descriptor.flags) != nil && descriptor.offset <= UInt64(Int64.max) - size
  }

  /// The descriptor of a frame, if the bytes that it names are inside the file and as many as its flags allow.
  ///
  /// - Parameter found: nil where the file has none.
  package func stored(_ found: PageDescriptor?, of pfn: PFN) throws(VmcoreError) -> PageDescriptor {
    guard let found else {
      throw frames.contains(pfn) ? .notInFile(address(of: pfn)) : .hole(address(of: pfn))
    }
    switch state(of: found) {
    case .stored: return found
    case .missing, .pastEnd: throw .notInFile(address(of: pfn))
    case .malformed:
      throw .damaged(
        address(of: pfn),
        reason: "its page_desc is offset \(found.offset), size \(found.size), flags \(found.flags.rawValue)")
    }
  }

  /// Whether a page is said to be the one that all pages of zeros share.
  package func isShared(_ descriptor: PageDescriptor) -> Bool {
    descriptor.offset == sharedPage && descriptor.flags == .raw
  }

  package func address(of pfn: PFN) -> PhysicalAddress { PhysicalAddress(pfn.rawValue * headers.blockSize) }

  /// Whether the page that all pages of zeros share is there, and of zeros.
  package func hasZeroPage(at place: UInt64) -> Bool {
    guard var page = try? MappedBuffer(byteCount: pageSize),
      (try? file.fill(&page, at: FileOffset(place))) == pageSize
    else { return false }
    return isZeroPage(page.bytes)
  }

  /// The descriptor of a frame; nil for a frame that is not in the dump, or whose descriptor is not.
  package func descriptor(
    of pfn: PFN, chunk: inout KdumpChunk, window: inout ReadAhead
  ) throws(SystemError) -> PageDescriptor? {
    guard pfn.rawValue < headers.maxMapNumber, headers.splitRange?.contains(pfn) ?? true else { return nil }
    let index = Int(pfn.rawValue / UInt64(PFNChunk.frames))
    let bit = Int(pfn.rawValue % UInt64(PFNChunk.frames))
    let rank: Int
    let frames = ranks.frames(inChunk: index)
    switch frames.count {
    case 0: return nil
    case PFNChunk.frames: rank = bit
    default:
      guard let found = try chunk.rank(of: bit, inChunk: index, of: file, at: bitmap) else { return nil }
      rank = found
    }
    return try descriptor(frames.below + UInt64(rank) - firstRank, window: &window)
  }

  /// The n-th descriptor; nil if the file ends before its end.
  package func descriptor(_ number: UInt64, window: inout ReadAhead) throws(SystemError) -> PageDescriptor? {
    guard number < descriptorsInFile else { return nil }
    let start = descriptorOffset(number)
    let place = start..<start + UInt64(PageDescriptor.byteCount)
    guard try window.show(place, of: file) else { return nil }
    return PageDescriptor(decoding: window.bytes(place))
  }

  /// Pages of which the file has no bytes, by all of its descriptors: a dump may lose some anywhere and end as a whole
  /// one does.
  package func missingPages() throws(SystemError) -> UInt64 {
    var missing = pageCount - descriptorsInFile
    var window = try ReadAhead(byteCount: 64 << 10)
    for number in 0..<descriptorsInFile {
      guard let descriptor = try descriptor(number, window: &window) else {
        missing += 1
        continue
      }
      switch state(of: descriptor) {
      case .missing, .pastEnd: missing += 1
      case .stored, .malformed: break
      }
    }
    return missing
  }

  /// How many frames the second bitmap has and the first does not; 0 in a dump with one bitmap.
  func framesOutsideMemory() throws(VmcoreError) -> UInt64 {
    if bitmap == headers.bitmaps { return 0 }
    var first = try KdumpBitmapReader(headers.maxMapNumber, in: file, at: headers.bitmaps)
    var second = try KdumpBitmapReader(headers.maxMapNumber, in: file, at: bitmap)
    return try second.count(outside: &first)
  }

  /// The frames of the second bitmap: of a split dump, those of all its files.
  package func framesOfAllFiles() throws(VmcoreError) -> PFNBitmap {
    var set = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: headers.maxMapNumber)
    }
    var bits = try KdumpBitmapReader(headers.maxMapNumber, in: file, at: bitmap)
    try bits.insert(into: &set)
    return set
  }

  /// The frames of the second bitmap whose pages the file has descriptors for, or should have.
  package func describedFrames() throws(VmcoreError) -> PFNBitmap {
    var set = try framesOfAllFiles()
    if let split = headers.splitRange {
      set.remove(PFN(0)..<split.lowerBound)
      if split.upperBound.rawValue < headers.maxMapNumber {
        set.remove(split.upperBound..<PFN(headers.maxMapNumber))
      }
    }
    return set
  }

  /// Takes out of the second bitmap's frames those whose descriptors say that there is no page.
  package func removeMissing(from frames: inout PFNBitmap) throws(VmcoreError) {
    do throws(SystemError) {
      var window = try ReadAhead(byteCount: 64 << 10)
      var number: UInt64 = 0
      var next = frames.next(from: PFN(0))
      while let pfn = next {
        let descriptor = try descriptor(number, window: &window)
        switch descriptor.map({ state(of: $0) }) {
        case .none, .missing, .pastEnd: frames.remove(pfn)
        case .stored, .malformed: break
        }
        number += 1
        next = frames.next(from: pfn.advanced(by: 1))
      }
    } catch { throw .system(error) }
  }

  /// Calls the body with each frame of the second bitmap and its descriptor; nil behind the end of the file.
  package func forEachDescriptor(
    of frames: borrowing PFNBitmap, _ body: (PFN, PageDescriptor?) -> Void
  ) throws(VmcoreError) {
    do throws(SystemError) {
      var window = try ReadAhead(byteCount: 64 << 10)
      var number: UInt64 = 0
      var next = frames.next(from: PFN(0))
      while let pfn = next {
        body(pfn, try descriptor(number, window: &window))
        number += 1
        next = frames.next(from: pfn.advanced(by: 1))
      }
    } catch { throw .system(error) }
  }
}
