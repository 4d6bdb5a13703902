/// A batch that threads can pass to each other: in the hands of one at a time.
final class PageBatch: @unchecked Sendable {
  var contents: BatchContents

  init(_ contents: consuming BatchContents) {
    self.contents = contents
  }
}
