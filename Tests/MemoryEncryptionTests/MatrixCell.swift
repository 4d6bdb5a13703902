/// One of many machines that differ along axes.
protocol MatrixCell {
  /// Its value on each axis.
  var axes: [String] { get }
  static var all: [Self] { get }
}

extension MatrixCell {
  /// So many cells that each pair of values of two axes is in one of them.
  static var pairs: [Self] {
    var missing: Set<String> = []
    func pairs(_ cell: Self) -> Set<String> {
      var found: Set<String> = []
      for (first, a) in cell.axes.enumerated() {
        for (second, b) in cell.axes.enumerated() where second > first {
          found.insert("\(first)\(a)/\(second)\(b)")
        }
      }
      return found
    }
    let candidates = all.map { ($0, pairs($0)) }
    for candidate in candidates { missing.formUnion(candidate.1) }
    var chosen: [Self] = []
    while !missing.isEmpty,
      let best = candidates.max(by: { $0.1.intersection(missing).count < $1.1.intersection(missing).count })
    {
      chosen.append(best.0)
      missing.subtract(best.1)
    }
    return chosen
  }
}
