import Testing

@testable import Platform

@Suite("What is printed is letters, whatever a dump has in its place")
struct PrintableTextTests {
  @Test(
    "Characters that a terminal obeys are shown, and others stay",
    arguments: [
      ("6.12.1-amd64\tüñ 漢 🧭", "6.12.1-amd64\tüñ 漢 🧭"), ("\u{1b}]0;x\u{7}", "\\x1b]0;x\\x07"),
      ("a\rb\nc\u{0}", "a\\x0db\\x0ac\\x00"), ("\u{7f}\u{9b}2J", "\\x7f\\x9b2J"),
      ("\u{202e}txt\u{2028}\u{200b}\u{feff}", "\\u{202e}txt\\u{2028}\\u{200b}\\u{feff}"), ("", ""),
    ])
  func escapes(_ text: String, _ shown: String) {
    #expect(PrintableText.escaped(text) == shown)
    #expect(PrintableText(line: text).text == shown + "\n")
    #expect(PrintableText(lines: [text, "b"]).text == shown + "\nb\n")
    #expect(PrintableText(redrawnLine: text, isLast: false).text == "\r" + shown)
  }

  @Test("JSON has them escaped as JSON does")
  func json() {
    #expect(
      JSONObject.quoted("\u{1b}\u{7f}\u{9b}\u{202e}\u{e0001}ü") == #""\u001b\u007f\u009b\u202e\udb40\udc01ü""#
    )
  }
}
