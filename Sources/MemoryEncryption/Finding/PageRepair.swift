/// What turns the bytes in a dump into what the kernel that crashed saw there.
///
/// With `l` the address that the first kernel used, `r` the one that the capture kernel read (the backup's for low
/// memory, else `l`) and V the bytes in the dump: the DRAM held M = E(V, r) where the capture kernel's view was
/// encrypted, else V; the first kernel saw D(M, l) where its page was encrypted, else M.
public enum PageRepair: Hashable, Sendable {
  /// The bytes are right.
  case keep
  /// XE only: every block is off by the same `T(l ^ r)`, whatever the key.
  case xor
  /// D(E(V, r), l), with the key.
  case encryptAndDecrypt
  /// E(V, r), with the key: the first kernel's page was not encrypted.
  case encrypt
  /// D(V, l), with the key, at the first kernel's address: the ciphertext was made there, also of a backup's bytes.
  case decrypt
  /// What the first kernel saw cannot be told, or not without the key.
  case lost

  /// The cell of the table for one page, where the AES key and the tweak constants are known.
  ///
  /// - Parameter isMoved: whether the page was read at another address than the first kernel's: low memory with a backup.
  public static func of(
    view: CaptureView, attribute: PageAttribute, isMoved: Bool, mode: CipherMode
  ) -> PageRepair {
    switch (view, attribute) {
    case (_, .absent): .keep
    case (_, .unknown): .lost
    case (.decrypted, .decrypted): .keep
    case (.decrypted, .encrypted): .decrypt
    case (.encrypted, .decrypted): .encrypt
    case (.encrypted, .encrypted):
      if !isMoved { .keep } else { mode == .xe ? .xor : .encryptAndDecrypt }
    }
  }
}
