import CNettle
import DumpFixtures

@testable import MemoryEncryption

/// A machine with memory encryption that crashed: what purgatory left in DRAM, and what the capture kernel reads of
/// it. Knows nothing of the code under test but its types: AES is nettle's, addresses and constants are its own.
struct SimulatedCrash {
  enum Constants: String, CaseIterable {
    case published, periodic, random
    /// Periodic ones of which some are zero, as on one Threadripper, and some follow from others.
    case dependent = "rank-deficient"
  }

  var mode = CipherMode.xe
  var constants = Constants.random
  var backup: UInt64 = 0x2ff6_1000
  var view = CaptureView.encrypted
  /// Of the all-zero pages, those that the first kernel never wrote.
  var untouched = 0.5
  /// Lines of 64 bytes that missed the copy.
  var staleLines = 0
  /// Pages that the first kernel mapped decrypted.
  var decrypted: Set<UInt64> = []
  var seed: UInt64 = 1

  struct Outcome {
    /// As the capture kernel reads the region.
    var seen: [UInt8]
    /// As the first kernel saw it.
    var truth: [UInt8]
    /// Pages with content that can come back without the key, by address.
    var recoverable: Set<UInt64>
    /// Offsets of lines that have no right content.
    var stale: [Int]
    /// `T(l ^ r)` of each page.
    var constants: [UInt64: Block]
  }

  func run(_ memory: LowMemory) -> Outcome {
    var random = SeededGenerator(seed: seed)
    var steps: [UInt64: Block] = [:]
    for bit in UInt64(4)...51 {
      let word = UInt32(truncatingIfNeeded: random.next())
      switch constants {
      case .published: steps[bit] = TweakTable.published[Int(bit)] ?? Block(repeating: word)
      case .periodic, .dependent: steps[bit] = Block(repeating: word)
      case .random: steps[bit] = Block(low: random.next(), high: random.next())
      }
    }
    if constants == .dependent {
      for bit in [8, 9, 14] as [UInt64] { steps[bit] = .zero }
      steps[17] = steps[13]
      steps[18] = steps[12]! ^ steps[15]!
    }
    func tweak(_ address: UInt64) -> Block {
      steps.reduce(Block.zero) { address >> $1.key & 1 == 1 ? $0 ^ $1.value : $0 }
    }
    let offsets = (0..<UInt64(256)).map { tweak($0 << 4) }
    let key = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var encryption = aes128_ctx()
    var decryption = aes128_ctx()
    nettle_aes128_set_encrypt_key(&encryption, key)
    nettle_aes128_set_decrypt_key(&decryption, key)

    func mask(_ bytes: inout [UInt8], _ address: UInt64) {
      let page = tweak(address)
      bytes.withUnsafeMutableBytes { raw in
        let blocks = raw.bindMemory(to: Block.self)
        if address & 0xfff == 0 {
          for index in blocks.indices { blocks[index] ^= page ^ offsets[index] }
        } else {
          // A copy that does not begin at a page lies in two.
          let next = tweak((address & ~0xfff) + 4096)
          let own = tweak(address & ~0xfff)
          for index in blocks.indices {
            let place = Int(address & 0xfff) / 16 + index
            blocks[index] ^= (place < 256 ? own : next) ^ offsets[place % 256]
          }
        }
      }
    }
    func crypt(_ page: [UInt8], _ address: UInt64, encrypts: Bool) -> [UInt8] {
      var input = page
      var output = page
      if encrypts || mode == .xex { mask(&input, address) }
      if encrypts {
        nettle_aes128_encrypt(&encryption, input.count, &output, input)
      } else {
        nettle_aes128_decrypt(&decryption, input.count, &output, input)
      }
      if !encrypts || mode == .xex { mask(&output, address) }
      return output
    }

    var outcome = Outcome(seen: [], truth: [], recoverable: [], stale: [], constants: [:])
    for address in LowMemory.pages {
      let offset = Int(address - LowMemory.start)
      var plain = Array(memory.bytes[offset..<min(offset + 4096, memory.bytes.count)])
      let read = backup + UInt64(offset)
      var dram = plain
      var isWritten = true
      if decrypted.contains(address) {
        // Written as it is.
      } else if plain.allSatisfy({ $0 == 0 }), Double(random.below(1 << 20)) < untouched * Double(1 << 20) {
        plain = crypt(dram, address, encrypts: false)
        isWritten = false
      } else {
        dram = crypt(plain, address, encrypts: true)
      }
      outcome.truth += plain
      outcome.seen += view == .encrypted ? crypt(dram, read, encrypts: false) : dram
      outcome.constants[address] = tweak(address ^ read)
      if mode == .xe, view == .encrypted, isWritten, !decrypted.contains(address) {
        outcome.recoverable.insert(address)
      }
    }
    while outcome.stale.count < staleLines {
      let line = Int(random.below(UInt64(outcome.seen.count / 64))) * 64
      if outcome.stale.contains(line) { continue }
      outcome.stale.append(line)
      for index in line..<line + 64 { outcome.seen[index] = UInt8(truncatingIfNeeded: random.next()) }
    }
    return outcome
  }
}
