public import DumpMemory
public import Platform

/// The frames that a run of the page filter left out, kept apart by why.
///
/// It belongs to one thread.
public final class PageClassFrames {
  private var cache: PFNBitmap
  private var privateCache: PFNBitmap
  private var user: PFNBitmap
  private var free: PFNBitmap

  public init(maxMapNumber: UInt64) throws(SystemError) {
    cache = try PFNBitmap(maxMapNumber: maxMapNumber)
    privateCache = try PFNBitmap(maxMapNumber: maxMapNumber)
    user = try PFNBitmap(maxMapNumber: maxMapNumber)
    free = try PFNBitmap(maxMapNumber: maxMapNumber)
  }

  func insert(_ range: Range<PFN>, reason: ExclusionReason) {
    switch reason {
    case .cache: cache.insert(range)
    case .privateCache: privateCache.insert(range)
    case .user: user.insert(range)
    case .free: free.insert(range)
    case .hwpoison, .offline: break
    }
  }

  /// How many frames of a range were left out for a reason.
  public func count(_ reason: ExclusionReason, in range: Range<PFN>) -> UInt64 {
    switch reason {
    case .cache: cache.count(in: range)
    case .privateCache: privateCache.count(in: range)
    case .user: user.count(in: range)
    case .free: free.count(in: range)
    case .hwpoison, .offline: 0
    }
  }

  /// Why a frame was left out; nil for one that was not, and for faulty and offline memory, which no level keeps.
  public func reason(for pfn: PFN) -> ExclusionReason? {
    if free.contains(pfn) { return .free }
    if user.contains(pfn) { return .user }
    if cache.contains(pfn) { return .cache }
    return privateCache.contains(pfn) ? .privateCache : nil
  }
}
