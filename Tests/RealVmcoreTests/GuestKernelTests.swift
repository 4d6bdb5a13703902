import DumpFixtures
import Foundation
import Testing

@Suite("A kernel that was a guest with encrypted memory is told as that, though it names no encryption bit")
struct GuestKernelTests {
  struct Guest: CustomTestStringConvertible {
    let kernel: String
    /// What `cc_vendor` and `sev_status` are set to.
    let vendor: UInt32
    let status: UInt64
    let kind: String
    var testDescription: String { "\(kernel), cc_vendor \(vendor), sev_status \(status)" }
  }

  /// `enum cc_vendor` had Hyper-V in the place of Intel until 6.4.
  static let guests = [
    Guest(kernel: "6.1", vendor: 3, status: 0, kind: "tdx"),
    Guest(kernel: "6.12", vendor: 2, status: 0, kind: "tdx"),
    Guest(kernel: "6.1", vendor: 2, status: 0, kind: "sev-snp"),
    Guest(kernel: "6.12", vendor: 1, status: 0xf, kind: "sev-snp"),
    Guest(kernel: "6.12", vendor: 1, status: 0, kind: "none"),
  ].filter { Lab.hasVmcore($0.kernel) }

  @Test(arguments: guests)
  func `TDX, and SNP with vTOM`(guest: Guest) throws {
    let vmcore = try RealVmcore(guest.kernel)
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding("/bin/cp", ["--sparse=always", vmcore.path, scratch.path("guest")])
    let file = try FileHandle(forUpdating: scratch.url("guest"))
    for (name, bytes) in [
      ("cc_vendor", withUnsafeBytes(of: guest.vendor.littleEndian) { Data($0) }),
      ("sev_status", withUnsafeBytes(of: guest.status.littleEndian) { Data($0) }),
    ] {
      let address = try physicalAddress(of: name, vmcore)
      // The kernel's image lies in two segments.
      for segment in vmcore.elf.segments
      where segment.physicalAddress <= address && address < segment.physicalAddress + segment.fileSize {
        try file.seek(toOffset: segment.fileOffset + address - segment.physicalAddress)
        try file.write(contentsOf: bytes)
      }
    }
    try file.close()
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", scratch.path("guest")])
    let answer = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let state = try #require(answer?["encryption"] as? [String: Any])
    #expect(state["kind"] as? String == guest.kind, "\(state)")
    // Who dumps such a machine wants no word of it.
    let dump = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "31", scratch.path("guest"), scratch.path("dump")])
    #expect(
      !dump.output.contains("guest with") && !dump.errors.contains("warning"), "\(dump.output)\(dump.errors)")
  }

  private func physicalAddress(of symbol: String, _ vmcore: RealVmcore) throws -> UInt64 {
    let lines = """
      base = int(re.search(rb"phys_base\\)=(-?\\d+)", prog["VMCOREINFO"].string_())[1])
      print(prog.symbol(arguments[0]).address - 0xffffffff80000000 + base)
      """
    let output = try Drgn.evaluate(lines, of: vmcore.path, vmcore.kernel, [symbol])
    return try #require(UInt64(output.dropLast()))
  }
}
