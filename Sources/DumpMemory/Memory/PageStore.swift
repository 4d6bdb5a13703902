public import Platform

/// A dump that holds memory page by page, each by itself: what it says, and a reader for each thread.
public protocol PageStore: AnyObject, Sendable {
  var path: String { get }
  /// Bytes of the dump.
  var fileSize: UInt64 { get }
  var machine: MachineKind { get }
  var geometry: PageGeometry { get }
  /// The frames that the crashed machine had, whether the dump holds them or not.
  var frames: PFNRanges { get }
  var notes: CoreNotes { get }
  var origin: DumpFacts { get }

  /// What the dump is, for the debug log, in words that follow its path.
  var formatDescription: String { get }

  /// The dump's headers field by field, for the debug log.
  var headerLines: [String] { get }

  /// What is wrong with the dump, a line each, in words that follow its path.
  var warnings: [String] { get }

  /// Bytes of memory that the file can hold at most, by its length and not by its headers.
  var heldBytes: UInt64 { get }

  /// Whether the dump is all that it was to be.
  var isComplete: Bool { get }

  /// Whether there are pages that belong to the dump and that it does not have: it was cut, or is only a part.
  var lacksPages: Bool { get }

  /// Whether of all pages that belong to the dump none is in the file.
  var lacksAllPages: Bool { get }

  /// Whether ``path`` is all of it, and can be opened again.
  var isOfOneFile: Bool { get }

  /// Whether the dump comes out of a flattened stream.
  var isFlattened: Bool { get }

  /// The frames that the dump holds.
  func framesInFile() throws(VmcoreError) -> PFNBitmap

  /// The frames that the dump should hold, and has descriptors for if it is whole.
  func describedFrames() throws(VmcoreError) -> PFNBitmap

  /// The frames that were to be dumped, in this file or in another that belongs to it.
  func wantedFrames() throws(VmcoreError) -> PFNBitmap

  /// A reader for one thread.
  ///
  /// - Parameter access: in which order the pages will be wanted.
  func makeReader(_ access: MemoryAccess) throws(SystemError) -> any PageStoreReader
}

extension PageStore {
  public var geometry: PageGeometry { machine.leastGeometry }
  public var headerLines: [String] { [] }
  public var warnings: [String] { [] }
  public var isComplete: Bool { true }
  public var lacksPages: Bool { !isComplete }
  public var lacksAllPages: Bool { false }
  public var isFlattened: Bool { false }
  public var isOfOneFile: Bool { false }
  public func describedFrames() throws(VmcoreError) -> PFNBitmap { try framesInFile() }
  public func wantedFrames() throws(VmcoreError) -> PFNBitmap { try describedFrames() }
}
