import DumpFixtures
import Foundation
import Testing

@testable import Vmcore

@Suite("Dumps of other makers are refused by name")
struct ForeignInputTests {
  private func refusal(_ bytes: [UInt8]) throws -> String {
    let file = try TemporaryFile(bytes)
    do throws(VmcoreError) {
      _ = try ELFCore(opening: file.path)
      return ""
    } catch { return error.description }
  }

  /// sadump_part_header: "sadu", "mp", enable, reboot, compress, recycle.
  private var sadumpHeader: [UInt8] {
    var header = Array("sadump\0\0".utf8)
    for number: UInt32 in [1, 60, 0, 0] { header.appendLittleEndian(number) }
    return header + [UInt8](repeating: 0, count: 4096 - header.count)
  }

  @Test("sadump's partitions and backups of them")
  func sadump() throws {
    #expect(try refusal(sadumpHeader).contains("sadump"))
    // sadump_media_header: identifiers and a time, no signature.
    let medium = [UInt8](repeating: 0x5a, count: 64) + [UInt8](repeating: 0, count: 4096 - 64)
    #expect(try refusal(medium + sadumpHeader).contains("sadump"))
    #expect(try !refusal(medium + medium).contains("sadump"))
  }

  @Test("What a Xen hypervisor's crash left", arguments: [("VMCOREINFO_XEN", UInt32(0)), ("Xen", 0x100_0001)])
  func xen(name: String, type: UInt32) throws {
    var builder = SyntheticKernel(.v6_1).elf()
    builder.notes.append(ELFNote(type: type, name: name, descriptor: Array("XEN_VERSION=4.17".utf8)))
    #expect(try refusal(builder.build().bytes).contains("Xen hypervisor"))
    builder.notes.removeLast()
    builder.notes.append(ELFNote(type: 1, name: "Xen", descriptor: [1, 2, 3, 4]))
    #expect(try refusal(builder.build().bytes) == "")
  }
}
