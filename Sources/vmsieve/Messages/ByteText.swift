/// Bytes for people: `640.0 MiB`.
enum ByteText {
  static func text(_ bytes: UInt64) -> String {
    var unit = 0
    var scale: UInt64 = 1
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while unit < units.count - 1, bytes / scale >= 1024 {
      scale <<= 10
      unit += 1
    }
    if unit == 0 { return "\(bytes) B" }
    // To the nearest tenth; 1023.96 is 1024.0.
    let whole = bytes / scale
    let tenths = (bytes % scale / (scale >> 10) * 10 + 512) / 1024
    return tenths == 10 ? "\(whole + 1).0 \(units[unit])" : "\(whole).\(tenths) \(units[unit])"
  }
}
