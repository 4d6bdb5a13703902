import DumpFixtures
import DumpMemory
import Foundation
import KernelModel

@testable import Diskdump

/// A dump's bytes, to be changed by hand.
struct DumpImage {
  var bytes: [UInt8]

  init(_ scenario: Scenario) throws {
    let file = try TemporaryFile([])
    try scenario.write(file.path)
    bytes = [UInt8](try Data(contentsOf: URL(filePath: file.path)))
  }

  subscript<Value: FixedWidthInteger>(offset: Int, as type: Value.Type = Value.self) -> Value {
    get {
      bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }
    set {
      bytes.withUnsafeMutableBytes {
        $0.storeBytes(of: newValue.littleEndian, toByteOffset: offset, as: Value.self)
      }
    }
  }

  var blockSize: Int { Int(self[428, as: Int32.self]) }
  var bitmapBytes: Int { Int(self[436, as: UInt32.self]) / 2 * blockSize }
  var firstBitmap: Int { (1 + Int(self[432, as: Int32.self])) * blockSize }
  var secondBitmap: Int { firstBitmap + bitmapBytes }
  var descriptors: Int { secondBitmap + bitmapBytes }

  /// Frames of the second bitmap below one.
  func rank(_ pfn: UInt64) -> Int {
    (0..<Int(pfn)).count { bytes[secondBitmap + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
  }

  /// Makes it a dump of an earlier header_version, which lacks what came later.
  mutating func setVersion(_ version: Int32) {
    self[8] = version
    let sub = blockSize
    if version < 6 { for field in [80, 88, 96] { self[sub + field] = 0 as UInt64 } }
    if version < 4 { for field in [48, 56] { self[sub + field] = 0 as UInt64 } }
    if version < 3 { for field in [32, 40] { self[sub + field] = 0 as UInt64 } }
  }

  /// A file of it, opened; the file is there as long as the memory is wanted.
  func open() throws -> OpenedDump { try OpenedDump(bytes) }
}

/// A dump on disk and what the reader makes of it.
struct OpenedDump {
  private let file: TemporaryFile
  let memory: PhysicalMemory

  init(_ bytes: [UInt8]) throws {
    file = try TemporaryFile(bytes)
    memory = try PhysicalMemory(opening: file.path, prefersMapping: true)
  }

  var store: KdumpStore {
    guard case .pages(let store) = memory.source, let store = store as? KdumpStore else {
      preconditionFailure("not a kdump-compressed dump")
    }
    return store
  }

  var framesInFile: [UInt64] {
    get throws {
      let frames = try memory.framesInFile()
      var list: [UInt64] = []
      var next = frames.next(from: PFN(0))
      while let pfn = next {
        list.append(pfn.rawValue)
        next = frames.next(from: pfn.advanced(by: 1))
      }
      return list
    }
  }
}

/// What reading a page comes to.
enum PageReading: Equatable {
  case page([UInt8])
  case hole, notInFile, unreadable, damaged, unmapped, ofFile

  static func of(_ pfn: UInt64, _ reader: inout MemoryReader) -> PageReading {
    do throws(VmcoreError) {
      return .page(try reader.withPage(PFN(pfn)) { bytes in bytes.withUnsafeBytes { Array($0) } })
    } catch {
      switch error {
      case .hole: return .hole
      case .notInFile: return .notInFile
      case .unreadable: return .unreadable
      case .damaged: return .damaged
      case .unmapped: return .unmapped
      case .system, .foreign, .malformed: return .ofFile
      }
    }
  }
}

/// Makes a flattened stream of pieces of a dump.
struct FlattenedBuilder {
  var bytes: [UInt8]

  init() {
    bytes = Array("makedumpfile".utf8) + [0, 0, 0, 0]
    append(1)
    append(1)
    bytes += [UInt8](repeating: 0, count: 4096 - bytes.count)
  }

  mutating func append(_ number: Int64) {
    withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
  }

  mutating func add(_ data: some Collection<UInt8>, at offset: Int) {
    append(Int64(offset))
    append(Int64(data.count))
    bytes += data
  }

  mutating func end() {
    append(-1)
    append(-1)
  }
}
