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

  /// Whether the constants of all bits of an address are known.
  public func covers(_ address: PhysicalAddress) -> Bool {
    tweaks.value(for: address.rawValue) != nil
  }

  /// E(m, a) for every block, in place.
  ///
  /// - Parameters:
  ///   - bytes: a multiple of 16, all in one page.
  ///   - address: of the first byte, a multiple of 16, and one that ``covers(_:)``.
  public func encrypt(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) {
    mask(&bytes, at: address)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      unsafe withUnsafePointer(to: encryption) { context in
        unsafe nettle_aes128_encrypt(context, buffer.count, start, start)
      }
    }
    if mode == .xex { mask(&bytes, at: address) }
  }

  /// D(c, a) for every block, in place; as ``encrypt(_:at:)``.
  public func decrypt(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) {
    if mode == .xex { mask(&bytes, at: address) }
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
      unsafe withUnsafePointer(to: decryption) { context in
        unsafe nettle_aes128_decrypt(context, buffer.count, start, start)
      }
    }
    mask(&bytes, at: address)
  }

  /// XORs each block with its tweak.
  private func mask(_ bytes: inout MutableRawSpan, at address: PhysicalAddress) {
    let inPage = address.rawValue & (MemoryCipher.pageBytes - 1)
    let first = Int(inPage) / Block.byteCount
    precondition(bytes.byteCount.isMultiple(of: Block.byteCount) && address.rawValue % 16 == 0)
    precondition(bytes.byteCount <= Int(MemoryCipher.pageBytes - inPage))
    guard let page = tweaks.value(for: address.rawValue - inPage) else {
      preconditionFailure("no tweak constant for an address")
    }
    for index in 0..<bytes.byteCount / Block.byteCount {
      bytes.xor(page ^ offsets[first + index], atBlock: index)
    }
  }
}
