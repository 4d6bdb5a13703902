public import DumpMemory

/// One page as a worker made it ready for the dump.
public enum StoredPage: Hashable, Sendable {
  /// The next `size` bytes of the batch's data.
  case data(size: UInt32, flags: PageDescriptorFlags)
  /// A page of zeros, which has no bytes of its own: only for dump levels with bit 0.
  case zero
  /// A page that could not be read from the source: it keeps its place until the dump is finished, and is
  /// left out then.
  case unreadable
}
