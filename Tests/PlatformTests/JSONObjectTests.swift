import Foundation
import Platform
import Testing

@Suite("JSON objects")
struct JSONObjectTests {
  @Test("What is put in comes out of a parser, whatever is in the strings")
  func members() throws {
    let nasty = "a \"quoted\" \\ line\nwith \u{1} control \t characters, ü and 🧭"
    var inner = JSONObject()
    inner.add(nasty, true)
    var object = JSONObject()
    object.add("text", nasty)
    object.add("nothing", nil as String?)
    object.add("number", UInt64.max)
    object.add("negative", -1)
    object.add("address", hexadecimal: 0x2ff6_1000)
    object.add("texts", [nasty, ""])
    object.add("objects", [inner, JSONObject()])
    object.add("inner", inner)
    #expect(!object.text.contains("\n"))
    let parsed = try #require(
      try JSONSerialization.jsonObject(with: Data(object.text.utf8)) as? [String: Any])
    #expect(parsed["text"] as? String == nasty)
    #expect(parsed["nothing"] is NSNull)
    #expect(parsed["number"] as? UInt64 == .max && parsed["negative"] as? Int == -1)
    #expect(parsed["address"] as? String == "0x2ff61000")
    #expect(parsed["texts"] as? [String] == [nasty, ""])
    #expect((parsed["objects"] as? [[String: Any]])?.first?[nasty] as? Bool == true)
    #expect((parsed["inner"] as? [String: Any])?[nasty] as? Bool == true)
  }
}
