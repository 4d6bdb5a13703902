internal import DumpMemory
internal import Platform

extension KernelMemory {
  /// A little-endian number of 1 to 8 bytes, at any address: what lies beside it need not be there.
  mutating func number(_ address: VirtualAddress, byteCount: Int = 4) throws(VmcoreError) -> UInt64 {
    let shift = address.rawValue & 7
    let mask = byteCount >= 8 ? UInt64.max : 1 << UInt64(byteCount * 8) - 1
    if shift + UInt64(byteCount) <= 8 {
      return try word(VirtualAddress(address.rawValue & ~7)) >> (shift * 8) & mask
    }
    return try word(address) & mask
  }

  /// Text up to its NUL, printable whatever is in it.
  mutating func printableText(
    _ address: VirtualAddress, atMost limit: Int
  ) throws(VmcoreError) -> String {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let byte = try byte(address + bytes.count)
      if byte == 0 { break }
      bytes.append(byte)
    }
    return String(printable: bytes)
  }
}
