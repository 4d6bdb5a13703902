/// What the crashed kernel says of itself in the note of this name: lines of `KEY=value` and `KIND(name)=value`.
///
/// The first line of a key counts. The kernel writes symbols in hexadecimal without prefix, sizes, offsets
/// and lengths in decimal, numbers in signed decimal or, for addresses, as `0x...`
/// (kernel/vmcore_info.c; crash_core.c before Linux 6.9). A text that was cut keeps its whole lines.
public struct VMCOREINFO: Sendable {
  /// The text, as it stands in the note.
  public let text: String
  private let values: [String: Substring]

  public init(_ text: String) {
    self.text = text
    var values: [String: Substring] = [:]
    for line in Self.wholeLines(text) {
      guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = String(line[..<equals])
      if values[key] == nil { values[key] = line[line.utf8.index(after: equals)...] }
    }
    self.values = values
  }

  /// Lines in their order, for the debug log.
  public var lines: [Substring] { Self.lines(text) }

  /// By bytes: letters are not asked what they combine to.
  private static func lines(_ text: String) -> [Substring] {
    text.utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) }
  }

  /// Keys that the text has.
  public var keyCount: Int { values.count }

  /// The kernel ends every line, and cuts the text where its page is full: a number there may lack digits.
  private static func wholeLines(_ text: String) -> [Substring] {
    let lines = lines(text)
    return text.utf8.last == UInt8(ascii: "\n") ? lines : lines.dropLast()
  }

  /// Lines that every kernel writes.
  package static let certainKeys = ["OSRELEASE", "PAGESIZE"]

  /// Whether the text is none that a kernel wrote: it lacks lines that all have.
  public var isDamaged: Bool { Self.certainKeys.contains { values[$0]?.isEmpty ?? true } }

  /// The machine of the kernel that wrote it; only arm64's say by how much the image's addresses are off.
  public var machineKind: MachineKind { number("kimage_voffset") != nil ? .arm64 : .x86_64 }

  /// `KEY=value`
  public func string(_ key: String) -> String? {
    values[key].map { String($0) }
  }

  /// `SYMBOL(name)=`, an address after KASLR.
  public func symbol(_ name: String) -> VirtualAddress? {
    values["SYMBOL(\(name))"].flatMap { UInt64($0, radix: 16) }.map { VirtualAddress($0) }
  }

  /// `SIZE(name)=`, bytes. Negative and absurd sizes are taken for absent.
  public func size(_ name: String) -> Int? { structureNumber("SIZE(\(name))") }

  /// `OFFSET(structure.member)=`, bytes.
  public func offset(_ name: String) -> Int? { structureNumber("OFFSET(\(name))") }

  /// `LENGTH(array)=`, elements.
  public func length(_ name: String) -> Int? {
    values["LENGTH(\(name))"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// `NUMBER(name)=`, signed; hexadecimal addresses come as the same 64 bits.
  public func number(_ name: String) -> Int64? {
    guard let value = values["NUMBER(\(name))"] else { return nil }
    if let number = Int64(value) { return number }
    if let number = UInt64(value) { return Int64(bitPattern: number) }
    let digits = value.hasPrefix("0x") ? value.dropFirst(2) : value
    return UInt64(digits, radix: 16).map { Int64(bitPattern: $0) }
  }

  /// No structure that is read here is as large as this; a larger number is damage.
  private static let largestStructure = 1 << 20

  private func structureNumber(_ key: String) -> Int? {
    guard let number = values[key].flatMap({ Int($0) }) else { return nil }
    return number >= 0 && number <= Self.largestStructure ? number : nil
  }
}
