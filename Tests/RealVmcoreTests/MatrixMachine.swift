import DumpFixtures
import Foundation
import Testing

/// A vmcore that says that it comes from a machine with SME, and whose low memory is exchanged cell by cell: nothing but
/// those 640 KiB is written, and the program tells its plan, which is applied here.
final class MatrixMachine {
  /// What the pages became that a plan changes, and that it leaves though a constant would bring them back.
  struct Count: Hashable {
    var repaired = 0
    var left = 0
    /// Pages that changed and did not become what the first kernel saw, by their addresses.
    var falsely: [UInt64] = []
    var verdict = ""
  }

  /// The real-mode trampoline, where the lab's machines have it.
  static let decrypted: Range<UInt64> = 0x98000..<0x9e000

  let twin: EncryptedTwin
  let path: String
  /// What the first kernel had in low memory.
  let memory: [UInt8]
  private let scratch: ScratchFolder

  /// - Parameters:
  ///   - name: the lab's.
  ///   - isZeroed: whether nobody knows of slabs, and the pages that the kernel was given are zero but for every fourth.
  init(_ name: String, isZeroed: Bool) throws {
    scratch = try ScratchFolder()
    path = scratch.path("twin")
    twin = try EncryptedTwin(
      of: RealVmcore(name), at: path, TwinRecipe(decrypted: Self.decrypted, isDamaged: false))
    try #require(
      twin.decrypted == Set(stride(from: Self.decrypted.lowerBound, to: Self.decrypted.upperBound, by: 4096)),
      "\(name) does not map its low memory by single pages")
    var memory = twin.truth
    if isZeroed {
      try twin.hideTypes()
      for page in stride(from: UInt64(0x10000), to: 0x98000, by: 4096) where page >> 12 & 3 != 3 {
        let first = Int(page - twin.start)
        memory.replaceSubrange(first..<first + 4096, with: repeatElement(0, count: 4096))
      }
    }
    self.memory = memory
  }

  /// Asks the program for its plan, with low memory as it is after a crash.
  ///
  /// - Parameter recoverable: whether a constant would bring a page back, by its address.
  func count(_ damage: LowDamage, recoverable: (UInt64) -> Bool) throws -> Count {
    try twin.replaceLowMemory(damage)
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", path])
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run.output)")
    let plan = try #require(answer["repair"] as? [String: Any], "\(run.output)\(run.errors)")
    let output = try apply(plan, to: damage.seen)
    var count = Count()
    count.verdict = plan["verdict"] as? String ?? ""
    for page in stride(from: 0, to: output.count, by: 4096) {
      let range = page..<min(page + 4096, output.count)
      let address = (twin.start + UInt64(page)) & ~0xfff
      let isRight = Self.same(output, damage.truth, range)
      if Self.same(output, damage.seen, range) {
        // What nobody wrote has no content to bring back.
        if !isRight, recoverable(address), !damage.untouchedPages.contains(page) { count.left += 1 }
      } else if isRight {
        count.repaired += 1
      } else {
        count.falsely.append(address)
      }
    }
    lastOutput = output
    return count
  }

  /// What the last plan made of low memory.
  private(set) var lastOutput: [UInt8] = []

  private func apply(_ plan: [String: Any], to seen: [UInt8]) throws -> [UInt8] {
    var output = seen
    for found in try #require(plan["classes"] as? [[String: Any]]) where found["believed"] as? Bool == true {
      let digits = try #require(found["constant"] as? String)
      let low = try #require(UInt64(digits.prefix(16), radix: 16)).byteSwapped
      let high = try #require(UInt64(digits.dropFirst(16), radix: 16)).byteSwapped
      for text in try #require(found["pages"] as? [String]) {
        let page = try #require(UInt64(text.dropFirst(2), radix: 16))
        let first = Int(max(page, twin.start) - twin.start)
        let end = min(Int(page + 4096 - twin.start), output.count)
        output.withUnsafeMutableBytes { bytes in
          for place in stride(from: first, to: end, by: 16) {
            let words = (
              bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ low,
              bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self) ^ high
            )
            bytes.storeBytes(of: words.0, toByteOffset: place, as: UInt64.self)
            bytes.storeBytes(of: words.1, toByteOffset: place + 8, as: UInt64.self)
          }
        }
      }
    }
    return output
  }

  static func same(_ left: [UInt8], _ right: [UInt8], _ range: Range<Int>) -> Bool {
    left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        memcmp(left.baseAddress! + range.lowerBound, right.baseAddress! + range.lowerBound, range.count) == 0
      }
    }
  }
}
