/// What a statement `secrets KIND` erases: things of the kernel's that no name leads to.
public enum SecretKind: String, CaseIterable, Hashable, Sendable {
  /// Payloads of keys: user, logon, big_key, encrypted, trusted, private asymmetric ones, and others.
  case keyrings
  /// Keys of encrypted volumes.
  case dmCrypt = "dm-crypt"
  /// What transforms of the crypto API keep, key schedules above all.
  case crypto
  /// Keys of the kernel's own TLS.
  case tls
  /// Keys of IPsec's associations.
  case ipsec
  /// Keys of WireGuard's interfaces and peers.
  case wireguard
  /// The state of the random number generator.
  case random
  /// What was freed and lies in slabs of kmalloc still.
  case freed
  /// Copies, wherever they are, of what the others found.
  case copies
}
