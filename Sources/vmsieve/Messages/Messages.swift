internal import Platform

/// The only place that writes to the program's two streams.
///
/// A message is one line, written at once, and ``PrintableText``. Common, debug and report messages go to stdout, errors
/// and progress to stderr.
final class Messages {
  /// The name that error lines begin with.
  let programName: String
  let level: MessageLevel
  /// Whether everything goes to stderr: for when stdout carries the dump.
  let leavesOutputAlone: Bool

  private let output: StandardStream
  private let errors: StandardStream
  private let drawsOverProgress: Bool
  /// Whether the cursor stands behind a progress line that the next one would be drawn over.
  private var progressLineIsOpen = false
  /// Lines that wait until an answer is out; nil where none has to.
  private var waiting: [(stream: StandardStream, line: PrintableText)]?
  /// Why an answer could not be given, or not all of it; nil if there was none to give.
  private(set) var unansweredBecause: SystemError?

  init(
    programName: String, level: MessageLevel, leavesOutputAlone: Bool = false,
    output: StandardStream = .output, errors: StandardStream = .error
  ) {
    self.programName = programName
    self.level = level
    self.leavesOutputAlone = leavesOutputAlone
    self.output = output
    self.errors = errors
    drawsOverProgress = errors.isTerminal
  }

  func common(_ line: @autoclosure () -> String) {
    write(.common, line)
  }

  func debug(_ line: @autoclosure () -> String) {
    write(.debug, line)
  }

  func report(_ line: @autoclosure () -> String) {
    write(.report, line)
  }

  /// Says what went wrong, where, and what to do.
  func error(_ line: @autoclosure () -> String) {
    guard level.contains(.error) else { return }
    put(PrintableText(line: "\(programName): \(line())"), to: errors)
  }

  /// Says what makes the dump less than the user may think, though it goes on.
  func warning(_ line: @autoclosure () -> String) {
    error("warning: \(line())")
  }

  /// Prints what the user asked for, at every message level.
  func answer(_ lines: [String]) {
    endProgressLine()
    let failure = (leavesOutputAlone ? errors : output).write(PrintableText(lines: lines))
    unansweredBecause = unansweredBecause ?? failure
  }

  private func write(_ class: MessageLevel, _ line: () -> String) {
    guard level.contains(`class`) else { return }
    put(PrintableText(line: line()), to: leavesOutputAlone ? errors : output)
  }

  private func put(_ text: PrintableText, to stream: StandardStream) {
    guard waiting == nil else {
      waiting?.append((stream, text))
      return
    }
    endProgressLine()
    stream.write(text)
  }
}

extension Messages {
  /// Keeps every line back until ``release(behind:)``: whoever reads both streams as one wants the answer first.
  func keepBack() {
    waiting = []
  }

  /// Prints an answer, if common messages are wanted, and behind it what was kept back.
  func release(behind answer: [String] = []) {
    let lines = waiting ?? []
    waiting = nil
    if !answer.isEmpty, level.contains(.common) { self.answer(answer) }
    for (stream, line) in lines { put(line, to: stream) }
  }
}

extension Messages {
  var showsProgress: Bool { level.contains(.progress) }

  /// Whether a progress line is drawn over the one before, or each is a line of its own.
  var redrawsProgress: Bool { drawsOverProgress }

  /// Draws a progress line, over the one before on a terminal.
  ///
  /// - Parameter isLast: whether the next message may not draw over it.
  func drawProgress(_ line: String, isLast: Bool) {
    guard showsProgress else { return }
    guard drawsOverProgress else {
      errors.write(PrintableText(line: line))
      return
    }
    errors.write(PrintableText(redrawnLine: line, isLast: isLast))
    progressLineIsOpen = !isLast
  }

  private func endProgressLine() {
    guard progressLineIsOpen else { return }
    progressLineIsOpen = false
    errors.write(.lineEnd)
  }
}
