public import Platform

/// A dump that holds memory page by page, each by itself: what it says, and a reader for each thread.
///
/// The formats lie above this module and give their own by overriding.
open class PageStore: @unchecked Sendable {
  public let path: String
  /// Bytes of the dump.
  public let fileSize: UInt64
  public let machine: MachineKind
  /// The frames that the crashed machine had, whether the dump holds them or not.
  public let frames: PFNRanges
  public let notes: CoreNotes
  public let origin: DumpFacts

  public init(
    path: String, fileSize: UInt64, frames: PFNRanges, notes: CoreNotes, origin: DumpFacts,
    machine: MachineKind = .x86_64
  ) {
    self.path = path
    self.fileSize = fileSize
    self.machine = machine
    self.frames = frames
    self.notes = notes
    self.origin = origin
  }

  public var geometry: PageGeometry { machine.geometry }

  /// What the dump is, for the debug log, in words that follow its path.
  open var formatDescription: String { "a dump of pages" }

  /// The dump's headers field by field, for the debug log.
  open var headerLines: [String] { [] }

  /// What is wrong with the dump, a line each, in words that follow its path.
  open var warnings: [String] { [] }

  /// Whether the dump is all that it was to be.
  open var isComplete: Bool { true }

  /// Whether there are pages that belong to the dump and that it does not have: it was cut, or is only a part.
  open var lacksPages: Bool { !isComplete }

  /// Whether of all pages that belong to the dump none is in the file.
  open var lacksAllPages: Bool { false }

  /// Whether the dump comes out of a flattened stream.
  open var isFlattened: Bool { false }

  /// The frames that the dump holds.
  open func framesInFile() throws(VmcoreError) -> PFNBitmap {
    preconditionFailure("a store of pages says which it has")
  }

  /// The frames that the dump should hold, and has descriptors for if it is whole.
  open func describedFrames() throws(VmcoreError) -> PFNBitmap { try framesInFile() }

  /// The frames that were to be dumped, in this file or in another that belongs to it.
  open func wantedFrames() throws(VmcoreError) -> PFNBitmap { try describedFrames() }

  /// A reader for one thread.
  ///
  /// - Parameter access: in which order the pages will be wanted.
  open func makeReader(_ access: MemoryAccess) throws(SystemError) -> PageStoreReader {
    preconditionFailure("a store of pages has readers")
  }
}
