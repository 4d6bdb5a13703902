/// Why a kernel or a module is not as its developers made it: Documentation/admin-guide/tainted-kernels.rst, Linux 7.3.
public struct Taint: Hashable, Sendable {
  /// `tainted_mask`, `module.taints`.
  public let mask: UInt64

  public init(mask: UInt64) {
    self.mask = mask
  }

  private static let reasons: [(letter: String, meaning: String)] = [
    ("P", "proprietary module"), ("F", "module was forced to load"), ("S", "processor out of specification"),
    ("R", "module was forced to unload"), ("M", "machine check"), ("B", "bad page"),
    ("U", "asked for by a user"),
    ("D", "kernel died before: oops or BUG"), ("A", "ACPI table overridden"), ("W", "warning"),
    ("C", "staging driver"), ("I", "workaround for a firmware defect"), ("O", "module from out of the tree"),
    ("E", "unsigned module"), ("L", "soft lockup"), ("K", "live patch"),
    ("X", "auxiliary, of the distribution"),
    ("T", "randomised structures"), ("N", "in-kernel test"), ("J", "mutating firmware calls"),
  ]

  /// The flags that are set, a letter each; those that nobody knows as numbers of bits.
  public var letters: String { flags.map(\.letter).joined() }

  /// What they mean, in the same order.
  public var meanings: [String] { flags.map(\.meaning) }

  private var flags: [(letter: String, meaning: String)] {
    (0..<64).filter { mask >> UInt64($0) & 1 == 1 }.map { bit in
      bit < Self.reasons.count
        ? Self.reasons[bit] : ("<\(bit)>", "flag \(bit), which this version does not know")
    }
  }
}
