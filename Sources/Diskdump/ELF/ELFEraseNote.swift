/// The note of an ELF dump that tells what was changed in its pages: name `ERASEINFO`, type 0.
enum ELFEraseNote {
  /// The note with its padding; empty where nothing was changed.
  static func bytes(_ text: String) -> [UInt8] {
    if text.isEmpty { return [] }
    let name = Array("ERASEINFO\0".utf8)
    let lines = Array(text.utf8)
    var note: [UInt8] = []
    for word in [UInt32(name.count), UInt32(lines.count), 0] {
      for shift in 0..<4 { note.append(UInt8(truncatingIfNeeded: word >> UInt32(8 * shift))) }
    }
    for part in [name, lines] {
      note += part
      while note.count % 4 != 0 { note.append(0) }
    }
    return note
  }
}
