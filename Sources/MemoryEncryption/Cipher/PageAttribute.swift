/// How the kernel that crashed had mapped a page: the encryption bit of its page table entry.
public enum PageAttribute: String, Hashable, Sendable {
  /// C = 1, as nearly all memory is.
  case encrypted
  /// C = 0: the real-mode trampoline, DMA buffers.
  case decrypted
  /// The page tables did not tell.
  case unknown
  /// The dump holds no bytes for the page: what is read in its place says nothing.
  case absent
}
