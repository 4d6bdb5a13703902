/// How the capture kernel reads /proc/vmcore: the encryption bit of its own mapping.
public enum CaptureView: String, Hashable, Sendable {
  /// Through an encrypted mapping, as kernels since 4.20 do (`ioremap_encrypted`, `pgprot_encrypted`).
  case encrypted = "c1"
  /// Through a decrypted one, as a patched kernel may: what was encrypted arrives as ciphertext.
  case decrypted = "c0"
}
