import DumpFixtures
import Foundation
import Testing

@testable import KernelModel
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

  @Test("The help and the manual name every verb that there is, and the help of each its options")
  func verbs() throws {
    let text = try manual
    for verb in Verb.allCases {
      #expect(text.contains(".Cm \(verb.rawValue)\n"), "\(verb)")
      #expect(Usage.text(calledAs: "vmsieve").contains(verb.rawValue), "\(verb)")
      let words = Set(Usage.text(of: verb, calledAs: "vmsieve").split { " ,.\n;:()[]".contains($0) })
      for option in verb.options {
        #expect(words.contains(Substring(option.spelling)), "\(verb) \(option.spelling)")
      }
    }
  }

  @Test("The manual describes every kind of secrets, and the file that is installed asks for all of them")
  func secrets() throws {
    let root = ProgramUnderTest.packageRoot
    let text = try String(contentsOf: root.appending(path: "man/vmsieve.conf.5"), encoding: .utf8)
    let shipped = try String(contentsOf: root.appending(path: "integration/secrets.conf"), encoding: .utf8)
    for kind in SecretKind.allCases { #expect(text.contains(".It Cm \(kind.rawValue)\n"), "\(kind)") }
    let script = try ErasureScript(shipped)
    #expect(script.secrets.kinds == Set(SecretKind.allCases))
    #expect(script.secrets.files.contains("/etc/shadow"))
    #expect(script.sections.isEmpty)
  }
}
