/// Rows of a table in which every two columns show every pair of their values (a covering array of strength 2).
enum Pairs {
  /// - Parameter sizes: how many values each column has.
  /// - Returns: the number of a value for each column of each row.
  static func rows(_ sizes: [Int]) -> [[Int]] {
    var missing: Set<[Int]> = []
    for first in sizes.indices {
      for second in sizes.indices where second > first {
        for left in 0..<sizes[first] {
          for right in 0..<sizes[second] { missing.insert([first, left, second, right]) }
        }
      }
    }
    var rows: [[Int]] = []
    while let seed = missing.min(by: { $0.lexicographicallyPrecedes($1) }) {
      // A pair that is missing, and then for each other column the value that covers most.
      var row = [Int?](repeating: nil, count: sizes.count)
      row[seed[0]] = seed[1]
      row[seed[2]] = seed[3]
      for column in sizes.indices where row[column] == nil {
        let gains = (0..<sizes[column]).map { value in
          sizes.indices.count { other in
            guard let known = row[other] else { return false }
            return missing.contains(
              other < column ? [other, known, column, value] : [column, value, other, known])
          }
        }
        // Of equal values another one each time.
        let best = gains.max() ?? 0
        let equal = gains.indices.filter { gains[$0] == best }
        row[column] = equal[rows.count % equal.count]
      }
      let complete = row.map { $0! }
      for first in sizes.indices {
        for second in sizes.indices where second > first {
          missing.remove([first, complete[first], second, complete[second]])
        }
      }
      rows.append(complete)
    }
    return rows
  }
}
