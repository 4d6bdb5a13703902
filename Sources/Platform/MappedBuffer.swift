internal import CLinux

/// Page-aligned memory of a fixed size, zeroed at first, freed when its owner goes.
@safe
public struct MappedBuffer: ~Copyable, Sendable {
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer
  public let byteCount: Int

  /// - Throws: ``Errno/outOfMemory`` as a ``SystemError``.
  public init(byteCount: Int) throws(SystemError) {
    let size = max(byteCount, 1)
    // Anonymous mappings come zeroed and untouched: memory that is never used is never paid for.
    let address = unsafe clinux_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address else {
      throw .last("mmap", subject: "\(size) bytes of memory")
    }
    unsafe base = address
    self.byteCount = byteCount
  }

  deinit {
    unsafe munmap(base, max(byteCount, 1))
  }

  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: byteCount), borrowing: self)
    }
  }

  public var mutableBytes: MutableRawSpan {
    @_lifetime(&self)
    mutating get {
      unsafe _overrideLifetime(
        MutableRawSpan(_unsafeStart: base, byteCount: byteCount), mutating: &self)
    }
  }

  /// A part of the memory; the range must lie inside it.
  @_lifetime(&self)
  public mutating func mutableBytes(in range: Range<Int>) -> MutableRawSpan {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    return unsafe _overrideLifetime(
      MutableRawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count), mutating: &self)
  }
}
