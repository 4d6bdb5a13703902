import Foundation
import Testing

@testable import Platform
@testable import vmsieve

@Suite("On a terminal progress is one line that is drawn over")
struct TerminalTests {
  /// What a body prints to a terminal that both streams are.
  private func printed(_ body: (Messages) -> Void) throws -> String {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    defer { close(terminal) }
    // TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h: unlock the other end, and say its number.
    var locked: Int32 = 0
    var number: Int32 = 0
    try #require(ioctl(terminal, 0x4004_5431, &locked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
    let line = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(line >= 0)
    // A terminal turns each line feed into two characters; this test is about those of the program.
    var modes = termios()
    tcgetattr(line, &modes)
    modes.c_oflag &= ~tcflag_t(OPOST)
    tcsetattr(line, TCSANOW, &modes)
    let stream = StandardStream(descriptor: line)
    body(Messages(programName: "vmsieve", level: .default, output: stream, errors: stream))

    // The kernel hands the bytes over when it finds the time: read until the last of them.
    let last = "<end>"
    _ = write(line, last, last.utf8.count)
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 4096)
    while !text.hasSuffix(last) {
      let count = read(terminal, &bytes, bytes.count)
      try #require(count > 0, "the terminal ended after \(text)")
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    close(line)
    return String(text.dropLast(last.count))
  }

  @Test("A step is drawn at once, and its last line stays")
  func step() throws {
    let text = try printed { messages in
      let progress = Progress(messages)
      progress.begin(.copyingData)
      progress.update(done: 0, total: 10)
      progress.update(done: 5, total: 10)
      progress.end()
    }
    let name = "Copying data" + String(repeating: " ", count: 38)
    let blanks = String(repeating: " ", count: 16)
    #expect(text == "\r\(name): [  0.0 %] /  \(blanks)\r\(name): [100.0 %] |  \(blanks)\n")
  }

  @Test("A message in the middle of a step begins a line of its own")
  func messageInStep() throws {
    let text = try printed { messages in
      let progress = Progress(messages)
      progress.begin(.copyingData)
      progress.update(done: 0, total: 10)
      messages.error("first")
      messages.common("second")
    }
    #expect(text.hasPrefix("\rCopying data"))
    #expect(text.hasSuffix("                \nvmsieve: first\nsecond\n"))
  }
}
