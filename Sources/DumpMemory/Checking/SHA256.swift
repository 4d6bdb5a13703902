internal import CNettle

/// SHA-256 (FIPS 180-4) of bytes that come one piece after the other.
@safe
public struct SHA256: ~Copyable {
  public static let byteCount = 32

  private var state = sha256_ctx()

  public init() {
    unsafe nettle_sha256_init(&state)
  }

  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { input in
      guard let start = input.baseAddress else { return }
      unsafe nettle_sha256_update(&state, input.count, start)
    }
  }

  /// Appends the hash of all that came, ``byteCount`` bytes, and begins anew.
  public mutating func finish(appendingTo bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: Self.byteCount))
    unsafe bytes.withUnsafeMutableBufferPointer { output in
      unsafe nettle_sha256_digest(&state, Self.byteCount, output.baseAddress! + start)
    }
  }
}
