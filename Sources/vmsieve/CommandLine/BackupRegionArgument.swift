internal import DumpMemory
internal import MemoryEncryption

/// `ADDR[,SIZE[,SOURCE]]`: where the backup lies, how long it is, and the first address that it is a copy of.
enum BackupRegionArgument {
  /// Numbers are decimal, or hexadecimal behind `0x`; sizes may have a suffix. Nil for anything else.
  static func parse(_ text: String) -> Investigation.UserRegion? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count), let backup = number(parts[0]), backup & 0xf == 0 else { return nil }
    var region = Investigation.UserRegion(backup: PhysicalAddress(backup))
    if parts.count > 1 {
      guard let size = SizeArgument.parse(String(parts[1])) else { return nil }
      region.byteCount = size
    }
    if parts.count > 2 {
      guard let source = number(parts[2]), source < BackupFinder.lowEnd else { return nil }
      region.source = PhysicalAddress(source)
    }
    return region
  }

  private static func number(_ text: Substring) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }
}
