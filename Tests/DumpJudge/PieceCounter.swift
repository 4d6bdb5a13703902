/// Counts how often each of some pieces of 16 bytes is in memory, at any byte, in one pass.
public struct PieceCounter {
  /// Pieces by their first eight bytes.
  private var pieces: [UInt64: [(second: UInt64, number: Int)]] = [:]
  /// Whether any piece begins with these two bytes.
  private var filter = [Bool](repeating: false, count: 1 << 16)
  public private(set) var counts: [Int] = []

  public static let pieceSize = 16

  public init() {}

  /// - Returns: the piece's number among ``counts``.
  public mutating func add(_ piece: [UInt8]) -> Int {
    precondition(piece.count == Self.pieceSize)
    let (first, second) = piece.withUnsafeBytes {
      ($0.load(as: UInt64.self), $0.load(fromByteOffset: 8, as: UInt64.self))
    }
    pieces[first, default: []].append((second, counts.count))
    filter[Int(first & 0xffff)] = true
    counts.append(0)
    return counts.count - 1
  }

  public mutating func count(in memory: UnsafeRawBufferPointer) {
    guard memory.count >= Self.pieceSize else { return }
    for place in 0...memory.count - Self.pieceSize {
      guard filter[Int(memory.loadUnaligned(fromByteOffset: place, as: UInt16.self))],
        let found = pieces[memory.loadUnaligned(fromByteOffset: place, as: UInt64.self)]
      else { continue }
      let second = memory.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)
      for piece in found where piece.second == second { counts[piece.number] += 1 }
    }
  }
}
