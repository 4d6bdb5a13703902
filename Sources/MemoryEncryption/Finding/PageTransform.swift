public import DumpMemory
public import KernelModel

/// What memory encryption needs done to a page on its way from a vmcore to a dump. One for each worker; it allocates
/// nothing per page.
public struct PageTransform: ~Copyable, Sendable {
  private let plan: RepairPlan?
  private let cipher: MemoryCipher?
  private let mode: CipherMode?
  private let view: CaptureView
  private let region: BackupRegion?

  /// Without a key: what a plan says.
  public init(_ plan: RepairPlan) {
    self.plan = plan
    cipher = nil
    mode = nil
    view = .encrypted
    region = nil
  }

  /// With the key: every page can be brought back.
  ///
  /// - Parameter region: the backup; nil if no memory was moved.
  public init(_ cipher: consuming MemoryCipher, view: CaptureView, region: BackupRegion?) {
    plan = nil
    mode = cipher.mode
    self.cipher = consume cipher
    self.view = view
    self.region = region
  }

  /// Makes a page's bytes what the first kernel saw, where that is possible, and says what was done.
  ///
  /// - Parameters:
  ///   - bytes: a multiple of 16, within one page; after ``PageRepair/lost`` they are as before.
  ///   - address: of the first byte, as the first kernel counted: a multiple of 16.
  ///   - attribute: how the first kernel had mapped the page. A plan knows that already, and does not look.
  public func apply(
    to bytes: inout MutableRawSpan, at address: PhysicalAddress, attribute: PageAttribute
  ) -> PageRepair {
    if let plan {
      switch plan.action(at: address) {
      case .xor(let constant):
        bytes.xor(constant)
        return .xor
      case .leave(.undamaged), nil: return .keep
      case .leave: return .lost
      }
    }
    return applyKey(to: &bytes, at: address, attribute: attribute)
  }

  private func applyKey(
    to bytes: inout MutableRawSpan, at address: PhysicalAddress, attribute: PageAttribute
  ) -> PageRepair {
    guard let mode else { return .lost }
    let from = region?.readAddress(of: address) ?? address
    let wanted = PageRepair.of(view: view, attribute: attribute, isMoved: from != address, mode: mode)
    switch wanted {
    case .keep, .lost: return wanted
    case .xor, .encryptAndDecrypt:
      // XE needs no AES, but it is the same bytes: with the key at hand one way is enough to be right.
      let count = bytes.byteCount
      guard cipher?.covers(from, byteCount: count) == true, cipher?.covers(address, byteCount: count) == true
      else { return .lost }
      cipher?.encrypt(&bytes, at: from)
      cipher?.decrypt(&bytes, at: address)
    case .encrypt:
      guard cipher?.encrypt(&bytes, at: from) == true else { return .lost }
    case .decrypt:
      guard cipher?.decrypt(&bytes, at: address) == true else { return .lost }
    }
    return wanted
  }
}
