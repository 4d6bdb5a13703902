import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Platform

@testable import Diskdump

/// A layer that gives some pages another content.
final class ReplacingLayer: PageLayer {
  let pages: [UInt64: [UInt8]]

  init(_ pages: [UInt64: [UInt8]]) {
    self.pages = pages
  }

  func changes(_ pfn: PFN) -> Bool { pages[pfn.rawValue] != nil }

  func apply(to page: inout MutableRawSpan, _ pfn: PFN) {
    for (index, byte) in pages[pfn.rawValue]!.enumerated() {
      page.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }
}

/// A dump in a file, patched into another one.
struct PatchedDump {
  let report: PatchReport
  let old: [UInt8]
  let new: [UInt8]
  private let source: TemporaryFile
  private let target: TemporaryFile

  var path: String { target.path }

  /// - Throws: what ``DumpPatch`` throws, also where what it wrote does not pass its own check.
  init(_ bytes: [UInt8], _ pages: [UInt64: [UInt8]], record: String = "patched\n") throws {
    source = try TemporaryFile(bytes)
    target = try TemporaryFile([])
    let memory = try PhysicalMemory(opening: source.path, prefersMapping: false)
    let changed = PhysicalMemory(memory, adding: ReplacingLayer(pages))
    let patch = try DumpPatch(memory, changed: changed)
    let file = try FileDescriptor.create(target.path, replacing: true)
    report = try patch.write(to: file, record: record) { _, _ in }
    try patch.check(target.path, report)
    old = bytes
    new = [UInt8](try Data(contentsOf: URL(filePath: target.path)))
  }

  /// The bytes of the old file that are others now.
  var changedBytes: [Int] {
    old.indices.filter { $0 >= new.count || old[$0] != new[$0] }
  }
}
