/// A JSON object (RFC 8259) on one line, member by member.
public struct JSONObject: Sendable {
  private var members: [String] = []

  public init() {}

  public var text: String { "{" + members.joined(separator: ", ") + "}" }

  /// Adds a string; null where there is none.
  public mutating func add(_ name: String, _ text: String?) {
    add(name, json: text.map { Self.quoted($0) } ?? "null")
  }

  public mutating func add(_ name: String, _ number: some BinaryInteger) {
    add(name, json: "\(number)")
  }

  public mutating func add(_ name: String, _ isTrue: Bool) {
    add(name, json: isTrue ? "true" : "false")
  }

  /// Adds an address or a mask, as a string of `0x` and hexadecimal digits: many readers have no 64-bit numbers.
  public mutating func add(_ name: String, hexadecimal number: UInt64?) {
    add(name, json: number.map { Self.hexadecimal($0) } ?? "null")
  }

  public mutating func add(_ name: String, _ object: JSONObject?) {
    add(name, json: object?.text ?? "null")
  }

  public mutating func add(_ name: String, _ texts: [String]) {
    add(name, list: texts.map { Self.quoted($0) })
  }

  public mutating func add(_ name: String, _ objects: [JSONObject]) {
    add(name, list: objects.map { $0.text })
  }

  /// Adds a list of values that are JSON already; null where there is none.
  public mutating func add(_ name: String, list: [String]?) {
    add(name, json: list.map { "[" + $0.joined(separator: ", ") + "]" } ?? "null")
  }

  /// Adds a value that is JSON already.
  public mutating func add(_ name: String, json: String) {
    members.append(Self.quoted(name) + ": " + json)
  }

  public static func hexadecimal(_ number: UInt64) -> String {
    "\"0x" + String(number, radix: 16) + "\""
  }

  /// A string, whatever is in it.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where !scalar.isPrintable:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
