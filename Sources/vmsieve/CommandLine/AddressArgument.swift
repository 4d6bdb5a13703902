internal import CLinux

/// The address of `--vtop`.
enum AddressArgument {
  /// A number as strtoul of base 0 reads it; 0 for what is none, as makedumpfile takes it.
  static func parse(_ text: String) -> UInt64 {
    unsafe UInt64(strtoul(text, nil, 0))
  }
}
