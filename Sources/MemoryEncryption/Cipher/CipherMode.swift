/// How the memory controller mixes the physical address into its AES-128.
///
/// `T(a)` is the XOR of one constant for each bit set in the physical address `a`, from bit 4 up. Both modes were
/// found in processors of the same generation, so the model number does not tell which one a machine has.
public enum CipherMode: String, Hashable, Sendable {
  /// `E(m, a) = AES(m ^ T(a))`: Ryzen 7 1700X, EPYC 7251, EPYC 7601.
  case xe
  /// `E(m, a) = AES(m ^ T(a)) ^ T(a)`: EPYC 7401P, EPYC Embedded 3151, Zen 2 and later.
  case xex
}
