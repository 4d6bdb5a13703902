internal import CNettle
public import DumpMemory
internal import Platform

/// A memory controller's cipher with its key: encrypts and decrypts runs of blocks in place. One for each worker.
///
/// Real hardware never gives its key away; emulators and simulators do.
@safe
public struct MemoryCipher: ~Copyable, Sendable {
  public let mode: CipherMode
  private let tweaks: TweakTable
  private var encryption = aes128_ctx()
  private var decryption = aes128_ctx()
  /// `T` of the offsets of a page's blocks, so that a block costs one XOR and not one for each address bit.
  private let offsets: [Block]
  private static let pageBytes: UInt64 = 4096

  /// - Parameters:
  ///   - key: 16 bytes.
  ///   - tweaks: must know the bits 4 to 11.
  /// - Returns: nil if one of the two is not so.
  public init?(key: [UInt8], mode: CipherMode, tweaks: TweakTable) {
    guard key.count == Int(AES128_KEY_SIZE) else { return nil }
    var offsets: [Block] = []
    offsets.reserveCapacity(Int(MemoryCipher.pageBytes) / Block.byteCount)
    for offset in stride(from: 0, to: MemoryCipher.pageBytes, by: Block.byteCount) {
      guard let tweak = tweaks.value(for: offset) else { return nil }
      offsets.append(tweak)
    }
    self.mode = mode
    self.tweaks = tweaks
    self.offsets = offsets
    unsafe key.withUnsafeBufferPointer { bytes in
      unsafe nettle_aes128_set_encrypt_key(&encryption, bytes.baseAddress)
      unsafe nettle_aes128_set_decrypt_key(&decryption, bytes.baseAddress)
    }
  }

  /// Whether bytes from an address on are whole blocks, and the constants of all bits of their addresses are known.
  ///
  /// - Parameter byteCount: at most a page, which may be parts of two: a backup need not begin at a page.
  public func covers(_ address: PhysicalAddress, byteCount: Int) -> Bool {
    guard address.rawValue.isMultiple(of: 16), byteCount.isMultiple(of: Block.byteCount), byteCount > 0,
      let stretch = Range(start: address.rawValue, byteCount: UInt64(byteCount))
    else { return false }
    return tweaks.value(for: stretch.lowerBound) != nil && tweaks.value(for: stretch.upperBound - 16) != nil
  }

  /// E(m, a) for every block, in place.
  ///
  /// - Parameter address: of the first byte.
  /// - Returns: false, with the bytes as they were, if it does not ``covers(_:byteCount:)`` them.
  @discardableResult
  public func encrypt(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) -> Bool {
    guard covers(address, byteCount: bytes.byteCount) else { return false }
    mask(&bytes, at: address)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      unsafe withUnsafePointer(to: encryption) { context in
        unsafe nettle_aes128_encrypt(context, buffer.count, start, start)
      }
    }
    if mode == .xex { mask(&bytes, at: address) }
    return true
  }

  /// D(c, a) for every block, in place; as ``encrypt(_:at:)``.
  @discardableResult
  public func decrypt(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) -> Bool {
    guard covers(address, byteCount: bytes.byteCount) else { return false }
    if mode == .xex { mask(&bytes, at: address) }
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      unsafe withUnsafePointer(to: decryption) { context in
        unsafe nettle_aes128_decrypt(context, buffer.count, start, start)
      }
    }
    mask(&bytes, at: address)
    return true
  }

  /// XORs each block with its tweak; that of its address must be known.
  private func mask(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) {
    let count = bytes.byteCount / Block.byteCount
    var done = 0
    while done < count {
      let start = address.rawValue + UInt64(done * Block.byteCount)
      let inPage = start & (MemoryCipher.pageBytes - 1)
      guard let page = tweaks.value(for: start - inPage) else {
        preconditionFailure("no tweak constant for an address")
      }
      let first = Int(inPage) / Block.byteCount
      let end = min(count, done + offsets.count - first)
      for index in done..<end { bytes.xor(page ^ offsets[first + index - done], atBlock: index) }
      done = end
    }
  }
}
