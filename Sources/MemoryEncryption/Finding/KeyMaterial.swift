internal import Platform

/// The key of a memory controller, as an emulator or a simulator gives it away.
public struct KeyMaterial: Sendable {
  public let key: [UInt8]
  public let mode: CipherMode
  public let tweaks: TweakTable

  private static let mostBytes = 1 << 20

  /// Reads the files of `--sme-key` and `--sme-tweaks`.
  ///
  /// - Parameters:
  ///   - keyPath: 16 bytes, or 32 hexadecimal digits.
  ///   - tweaksPath: the constants; without it, the published ones.
  public init(keyPath: String, mode: CipherMode, tweaksPath: String?) throws(EncryptionError) {
    let bytes = try Self.read(keyPath)
    if bytes.count == 16 {
      key = bytes
    } else {
      let digits = bytes.filter { $0 > UInt8(ascii: " ") }.compactMap {
        Character(Unicode.Scalar($0)).hexDigitValue
      }
      guard digits.count == 32 else {
        throw .unusable(path: keyPath, "a key is 16 bytes or 32 hexadecimal digits")
      }
      key = (0..<16).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
    }
    self.mode = mode
    guard let tweaksPath else {
      tweaks = .published
      return
    }
    let text = String(decoding: try Self.read(tweaksPath), as: UTF8.self)
    do throws(EncryptionError) { tweaks = try TweakTable(parsing: text) } catch {
      throw .unusable(path: tweaksPath, "\(error)")
    }
  }

  /// A cipher with the key; nil if the constants of the lowest address bits are not known.
  public func cipher() -> MemoryCipher? { MemoryCipher(key: key, mode: mode, tweaks: tweaks) }

  private static func read(_ path: String) throws(EncryptionError) -> [UInt8] {
    do throws(SystemError) {
      return try FileDescriptor.contents(of: path, atMost: mostBytes)
    } catch { throw .system(error) }
  }
}
