/// One file of a split dump that is written by itself (`--split-part K/N`).
struct SplitPart: Equatable {
  /// From 1 on.
  let number: Int
  /// How many files the dump has.
  let count: Int

  /// More files than any scheduler has tasks for.
  static let mostParts = 65536

  /// `K/N`, both decimal, or `I+1/N` of a scheduler that counts from 0. Nil for anything else.
  init?(_ text: String) {
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false)
    guard numbers.count == 2, let count = Self.number(numbers[1]), (2...Self.mostParts).contains(count) else {
      return nil
    }
    let isIndex = numbers[0].hasSuffix("+1")
    guard let given = Self.number(isIndex ? numbers[0].dropLast(2) : numbers[0]) else { return nil }
    let number = isIndex ? given + 1 : given
    guard (1...count).contains(number) else { return nil }
    self.number = number
    self.count = count
  }

  private static func number(_ text: Substring) -> Int? {
    text.allSatisfy { ("0"..."9").contains($0) } ? UInt32(text).map { Int($0) } : nil
  }
}
