internal import DumpMemory
internal import Platform

/// The crashed kernel's memory from one address on, read ahead in pieces of up to 64 KiB.
struct KernelByteStream: ~Copyable {
  private var buffer: MappedBuffer
  /// Bytes of the buffer that hold something, and how many of them were taken.
  private var filled = 0
  private var taken = 0
  /// The address of the first byte of the buffer.
  private var start: VirtualAddress

  private static let capacity = 64 << 10
  private static let page: UInt64 = 4096

  init(at address: VirtualAddress) throws(SystemError) {
    buffer = try MappedBuffer(byteCount: Self.capacity)
    start = address
  }

  /// The address of the next byte.
  var address: VirtualAddress { start + taken }

  /// Makes bytes available to ``byte(_:)``.
  ///
  /// - Parameter count: at most 32 KiB.
  @inline(__always)
  mutating func need(_ count: Int, in memory: inout KernelMemory) throws(VmcoreError) {
    if filled - taken < count { try fill(count, &memory) }
  }

  /// A byte behind the next; it must have been asked for by ``need(_:in:)``.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < filled - taken)
    return unsafe buffer.bytes.unsafeLoad(fromUncheckedByteOffset: taken &+ offset, as: UInt8.self)
  }

  /// What was asked for, and more where it was read with it.
  var ahead: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(taken..<filled) }
  }

  @inline(__always)
  mutating func take(_ count: Int) {
    precondition(count <= filled - taken)
    taken &+= count
  }

  /// Passes any number of bytes over.
  mutating func skip(_ count: Int) {
    let ahead = min(count, filled - taken)
    taken += ahead
    if ahead == count { return }
    start = start + taken + (count - ahead)
    (filled, taken) = (0, 0)
  }

  private mutating func fill(_ count: Int, _ memory: inout KernelMemory) throws(VmcoreError) {
    let rest = filled - taken
    buffer.moveDown(taken..<filled)
    start = start + taken
    taken = 0
    filled = rest
    let next = start + rest
    do throws(VmcoreError) {
      var piece = buffer.mutableBytes(in: rest..<Self.capacity)
      try memory.readSequentially(next, into: &piece)
      filled = Self.capacity
      return
    } catch {
      // What lies behind the tables need not be there.
      if count - rest > Self.capacity / 2 { throw error }
    }
    while filled < count {
      let at = start + filled
      let size = Int(Self.page - at.rawValue & (Self.page - 1))
      var piece = buffer.mutableBytes(in: filled..<filled + min(size, Self.capacity - filled))
      try memory.readSequentially(at, into: &piece)
      filled += piece.byteCount
    }
  }
}

extension MappedBuffer {
  /// Moves a part of the memory to its beginning.
  mutating func moveDown(_ range: Range<Int>) {
    var bytes = mutableBytes
    unsafe bytes.withUnsafeMutableBytes { all in
      guard let base = all.baseAddress, !range.isEmpty else { return }
      unsafe base.copyMemory(from: base + range.lowerBound, byteCount: range.count)
    }
  }
}
