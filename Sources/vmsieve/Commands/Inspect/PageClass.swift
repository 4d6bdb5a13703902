internal import DumpMemory
internal import KernelModel

/// What a page was used for, as far as dump levels tell pages apart.
enum PageClass: String, CaseIterable {
  case free
  case user
  case cache
  case privateCache = "private_cache"
  /// What no level leaves out but for being zeros: the kernel's own, or, where nothing tells of pages, all.
  case other

  init(_ reason: ExclusionReason?) {
    switch reason {
    case .free: self = .free
    case .user: self = .user
    case .cache: self = .cache
    case .privateCache: self = .privateCache
    case .hwpoison, .offline, nil: self = .other
    }
  }

  /// Whether a dump level leaves pages of the class out.
  func isLeftOut(by level: DumpLevel) -> Bool {
    switch self {
    case .free: level.contains(.freePages)
    case .user: level.contains(.userData)
    case .cache: level.contains(.cache) || level.contains(.privateCache)
    case .privateCache: level.contains(.privateCache)
    case .other: false
    }
  }
}
