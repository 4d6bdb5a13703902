/// Something that takes bytes which anybody may have written, and how it is tried.
///
/// A target is made once and then run some thousand times a second, each time as if it were the first.
public protocol FuzzTarget: SendableMetatype {
  /// What `make fuzz TARGET=` and the folders of corpora call it.
  static var name: String { get }
  /// What an input's bytes are, in words.
  static var input: String { get }
  /// Longer inputs show nothing that shorter ones do not.
  static var mostBytes: Int { get }

  init()

  /// Inputs to begin with; the same each time.
  func seeds() -> [FuzzSeed]

  /// Takes an input from one end to the other.
  ///
  /// - Throws: ``FuzzFinding`` where something came out that must not. What traps, hangs or eats memory is found by who runs it.
  func run(_ input: [UInt8]) throws(FuzzFinding)
}
