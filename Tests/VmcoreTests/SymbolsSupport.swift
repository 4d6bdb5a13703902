import DumpFixtures
import DumpMemory
import KernelModel

extension KernelWithTables {
  func open() throws -> OpenedKernel { try OpenedKernel(kernel.vmcore(), kernel.vmcoreinfoText) }
}

/// A vmcore that was opened as far as its symbols can be asked for.
struct OpenedKernel {
  private let opened: OpenedVmcore
  let crashed: KernelFacts
  let kernel: Kernel

  init(_ image: ELFImage, _ vmcoreinfo: String) throws {
    opened = try OpenedVmcore(image)
    crashed = try KernelFacts(VMCOREINFO(vmcoreinfo), loads: opened.memory.loads)
    kernel = Kernel(crashed, of: opened.memory)
  }

  var physical: PhysicalMemory { opened.memory }

  func addresses(of names: [String]) throws -> [String: UInt64] {
    var memory = try crashed.memory(of: physical)
    let kallsyms = try Kallsyms(crashed, in: &memory)
    return try kallsyms.addresses(of: names, &memory).mapValues(\.rawValue)
  }

  /// The kind of error that reading kallsyms ends with; nil if it does not.
  func kallsymsFailure() throws -> SymbolErrorKind? {
    do throws(KernelError) {
      var memory = try SymbolErrorKind.opening { () throws(VmcoreError) in
        try crashed.memory(of: physical)
      }
      let kallsyms = try Kallsyms(crashed, in: &memory)
      _ = try kallsyms.addresses(of: ["filler_0900", "no such name"], &memory)
      return nil
    } catch { return SymbolErrorKind(error) }
  }

  func symbols(_ names: [String], _ files: KernelFiles = KernelFiles()) throws -> KernelSymbols {
    var memory = try crashed.memory(of: physical)
    return try KernelSymbols(names, of: KernelSources(crashed, files: files), in: &memory)
  }
}

/// The kind of a symbol error, without its words.
enum SymbolErrorKind: Equatable {
  case absent, malformed, syntax, unreadable, system

  init(_ error: KernelError) {
    switch error {
    case .absent: self = .absent
    case .malformed: self = .malformed
    case .syntax: self = .syntax
    case .unreadable: self = .unreadable
    case .system: self = .system
    }
  }

  /// What a body that can only fail with a symbol error fails with.
  static func of(_ body: () throws(KernelError) -> Void) -> SymbolErrorKind? {
    do throws(KernelError) {
      try body()
      return nil
    } catch { return SymbolErrorKind(error) }
  }

  /// Turns the error of opening a kernel's memory into a symbol error, since the caller can throw no other.
  static func opening(_ body: () throws(VmcoreError) -> KernelMemory) throws(KernelError) -> KernelMemory {
    do throws(VmcoreError) { return try body() } catch { throw .absent("\(error)") }
  }
}
