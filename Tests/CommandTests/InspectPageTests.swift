import DumpFixtures
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("inspect --html writes a page that needs nothing around it")
struct InspectPageTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    let kernel = SyntheticKernel(.v6_1)
    kernel.setKey("OSRELEASE", "6.1.0-<script>&\"")
    try Data(kernel.vmcore().bytes).write(to: folder.url.appending(path: "vmcore"))
  }

  private func run(_ words: String...) throws -> ProgramRun {
    try ProgramUnderTest.run(["inspect"] + words + ["vmcore"], in: folder.url)
  }

  @Test("It is well-formed, has its plots, and nothing of the dump is markup")
  func page() throws {
    let run = try run("--html", "page.html")
    #expect(run.status == 0 && run.errors == "" && run.output.contains("vmcore: "), "\(run)")
    let page = try String(contentsOf: folder.url.appending(path: "page.html"), encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    #expect(page.contains("6.1.0-&lt;script&gt;&amp;&quot;") && !page.contains("<script"))
    for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
      #expect(!page.contains(outside), "\(outside)")
    }
    for plot in ["pages by class", "physical memory by page class", "size by level and codec"] {
      #expect(page.contains("aria-label=\"\(plot)\""), "\(plot)")
    }
    // As XML, but for what HTML closes by itself.
    let text = page.replacing("<!DOCTYPE html>\n", with: "").replacing(/<meta [^>]*>/, with: "")
      .replacing("&plusmn;", with: "+")
    let parser = XMLParser(data: Data(text.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)) line \(parser.lineNumber)")
  }

  @Test("A file that is there stays, unless -f is given; the vmcore is never written to")
  func existing() throws {
    try folder.write("mine", to: "page.html")
    let refused = try run("--html", "page.html")
    #expect(refused.status == 1 && refused.output == "" && refused.errors.contains("-f replaces it"))
    #expect(try String(contentsOf: folder.url.appending(path: "page.html"), encoding: .utf8) == "mine")
    #expect(try run("-f", "--html", "page.html").status == 0)
    #expect(try String(contentsOf: folder.url.appending(path: "page.html"), encoding: .utf8) != "mine")
    let before = try Data(contentsOf: folder.url.appending(path: "vmcore"))
    let same = try run("-f", "--html", "vmcore")
    #expect(same.status == 1 && same.errors.contains("the same file"), "\(same)")
    #expect(try Data(contentsOf: folder.url.appending(path: "vmcore")) == before)
    #expect(try run("--html", "nowhere/page.html").status == 1)
  }
}
