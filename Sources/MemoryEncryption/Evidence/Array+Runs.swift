extension Array where Element: Equatable {
  /// Calls the body with each value of a sorted array and how often it is there.
  func forEachRun(_ body: (_ value: Element, _ count: Int) -> Void) {
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, self[end] == self[start] { end += 1 }
      body(self[start], end - start)
      start = end
    }
  }
}
