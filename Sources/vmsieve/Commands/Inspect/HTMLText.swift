internal import Platform

/// Text for HTML: what has a meaning there is escaped, and what is no printable character is shown as `\xNN`.
enum HTMLText {
  static func escaped(_ text: String) -> String {
    // The one character beyond ASCII that the report's own words have.
    text.split(separator: "±" as Character, omittingEmptySubsequences: false).map { escapedPart($0) }.joined(
      separator: "&plusmn;")
  }

  private static func escapedPart(_ text: Substring) -> String {
    var result = ""
    for character in String(printable: text.utf8).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// Lines as they stand.
  static func preformatted(_ lines: [String]) -> String {
    "<pre>" + lines.map { escaped($0) }.joined(separator: "\n") + "</pre>\n"
  }

  /// A table; the first column is text, the others are numbers.
  static func table(_ heads: [String], rows: [[String]]) -> String {
    "<div class=\"scroll\"><table><thead><tr>" + heads.map { "<th>\(escaped($0))</th>" }.joined()
      + "</tr></thead><tbody>\n"
      + rows.map { "<tr>" + $0.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>\n" }.joined()
      + "</tbody></table></div>\n"
  }
}
