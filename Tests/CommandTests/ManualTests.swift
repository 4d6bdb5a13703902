import Foundation
import Testing

@testable import vmsieve

@Suite("What is documented is what is there")
struct ManualTests {
  private var manual: String {
    get throws {
      let file = ProgramUnderTest.packageRoot.appending(path: "man/vmsieve.8")
      return try String(contentsOf: file, encoding: .utf8)
    }
  }

  @Test("The help names every option")
  func help() {
    let words = Set(Usage.text(calledAs: "vmsieve").split { " ,.\n;:()".contains($0) })
    for option in OptionTable.all {
      #expect(words.contains(Substring(option.spelling)), "\(option.spelling)")
    }
  }

  @Test("The manual names every option, and the version it is of")
  func manualPage() throws {
    let text = try manual
    // mdoc writes a dash as Fl.
    let words = Set(text.matches(of: /\bFl ([^ \n]+)/).map { "-" + $0.1 })
    for option in OptionTable.all {
      #expect(words.contains(option.spelling), "\(option.spelling)")
    }
    #expect(text.contains("vmsieve \(Program.version)"))
  }
}
