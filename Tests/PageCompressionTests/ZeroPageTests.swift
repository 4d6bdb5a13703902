import PageCompression
import Testing

@Suite("Zero pages")
struct ZeroPageTests {
  @Test("A page of zeros is one", arguments: [128, 4096, 65536])
  func zeros(pageSize: Int) {
    let page = [UInt8](repeating: 0, count: pageSize)
    #expect(isZero(page, 0..<pageSize))
  }

  @Test("One bit at any byte makes it none")
  func everyByte() {
    var page = [UInt8](repeating: 0, count: 4096)
    var missed: [Int] = []
    for index in page.indices {
      page[index] = 1 << (index % 8)
      if isZero(page, 0..<4096) { missed.append(index) }
      page[index] = 0
    }
    #expect(missed == [])
  }

  @Test("Memory at any alignment is looked at byte for byte", arguments: 0..<8)
  func alignment(offset: Int) {
    var memory = [UInt8](repeating: 0, count: 4096 + 16)
    // What lies around the page is not part of it.
    if offset > 0 { memory[offset - 1] = 1 }
    memory[offset + 4096] = 1
    #expect(isZero(memory, offset..<offset + 4096))
    memory[offset + 4095] = 1
    #expect(!isZero(memory, offset..<offset + 4096))
  }

  // A span cannot go through #expect.
  private func isZero(_ memory: [UInt8], _ page: Range<Int>) -> Bool {
    isZeroPage(memory.span.bytes.extracting(page))
  }
}
