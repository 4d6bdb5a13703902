import DumpMemory
import KernelModel
import Testing

@testable import DumpPipeline

@Suite("A dump is split into ranges with about as many pages in each")
struct SplitPlanTests {
  private func plan(_ frames: [Range<UInt64>], of all: UInt64, _ count: Int, block: UInt64) throws -> [Range<
    UInt64
  >] {
    var bitmap = try PFNBitmap(maxMapNumber: all)
    for range in frames { bitmap.insert(PFN(range.lowerBound)..<PFN(range.upperBound)) }
    return SplitPlan.ranges(of: bitmap, count, block: block).map {
      $0.lowerBound.rawValue..<$0.upperBound.rawValue
    }
  }

  @Test(
    "The ranges follow each other, from the first frame to the last, with borders between blocks",
    arguments: 2...9)
  func contiguous(count: Int) throws {
    let ranges = try plan([100..<5000, 70_000..<70_300, 100_000..<150_001], of: 150_001, count, block: 4096)
    #expect(ranges.count == count)
    #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == 150_001)
    for (one, next) in zip(ranges, ranges.dropFirst()) {
      #expect(one.upperBound == next.lowerBound)
      #expect(one.upperBound.isMultiple(of: 4096) || one.upperBound == 150_001)
    }
  }

  @Test("No file is more than a block away from its share", arguments: 2...6)
  func balanced(count: Int) throws {
    let ranges = try plan([0..<1_000_000], of: 1_000_000, count, block: 4096)
    for range in ranges {
      #expect(abs(range.count - 1_000_000 / count) <= 4096)
    }
  }

  @Test("Memory that is kept only in one place is cut there")
  func sparse() throws {
    let ranges = try plan([900_000..<917_000], of: 1_000_000, 2, block: 64)
    #expect((908_436...908_564).contains(ranges[0].upperBound))
  }

  @Test("With fewer blocks than files, files are empty")
  func few() throws {
    let ranges = try plan([0..<5], of: 1000, 3, block: 4096)
    #expect(ranges.reduce(0) { $0 + $1.count } == 1000)
    #expect(ranges.count == 3 && ranges.last?.upperBound == 1000)
  }
}
