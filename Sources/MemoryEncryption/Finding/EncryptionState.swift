internal import DumpMemory
public import KernelModel

/// Whether the crashed machine encrypted its memory, and how that is known.
public struct EncryptionState: Hashable, Sendable {
  /// What kind of encryption the kernel knew of.
  public enum Kind: String, Hashable, Sendable {
    /// None, or one that the kernel does not see (TSME): dumps need nothing done.
    case none
    /// SME: the kernel chose for each page.
    case sme
    /// A guest with SEV, SEV-ES or SEV-SNP: its own dumps are right, those that its host makes are ciphertext.
    case sev
    case sevES = "sev-es"
    case sevSNP = "sev-snp"
    /// A guest with Intel TDX; the mask there marks shared pages.
    case tdx
    /// An arm64 guest in a realm (CCA).
    case realm = "cca-realm"
    /// An arm64 host that keeps its guests' memory from itself (pKVM).
    case protectedHost = "pkvm-host"
  }

  public let kind: Kind
  /// The C-bit (`sme_me_mask`), 0 without.
  public let mask: UInt64
  /// How it is known, in words.
  public let evidence: String
  private let machine: MachineKind

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["sev_status"]
  /// What to ask for besides where a kernel without a mask is to be looked at as well.
  public static let guestSymbols = ConfidentialVendor.symbols
  private static let armSymbols = ["rsi_present", "kvm_protected_mode_initialized"]

  /// `MSR_AMD64_SEV`: enabled, ES, SNP, vTOM (arch/x86/include/asm/msr-index.h).
  private static let sevBits: (sev: UInt64, es: UInt64, snp: UInt64, vTOM: UInt64) = (1, 2, 4, 8)

  /// - Parameter looksUp: whether symbols are asked for: without them the mask is all that is known.
  public init(_ kernel: Kernel, looksUp: Bool = true, in memory: inout KernelMemory) {
    mask = kernel.tables.encryptionMask
    machine = kernel.machine.kind
    if kernel.machine.kind == .arm64 {
      (kind, evidence) = Self.arm64(kernel, looksUp: looksUp, in: &memory)
      return
    }
    let source =
      kernel.info.number("sme_mask") != nil
      ? "NUMBER(sme_mask) of VMCOREINFO" : "the entries of the kernel's top page table"
    let hasMask = mask != 0
    let symbols =
      looksUp ? kernel.symbolsAtHand(Self.symbols + (hasMask ? [] : Self.guestSymbols)) : KernelSymbols()
    let status = symbols.address(of: "sev_status").flatMap { try? memory.word($0) } ?? 0
    let statusText = status == 0 ? "" : ", sev_status 0x\(String(status, radix: 16))"
    guard mask == 0 else {
      kind = Self.kind(ofStatus: status) ?? .sme
      evidence = "\(source): bit \(mask.trailingZeroBitCount)\(statusText)"
      return
    }
    // These guests know a bit that marks what is shared, and tell nobody in VMCOREINFO.
    let vendor = ConfidentialVendor(symbols, in: &memory)
    if vendor == .intel {
      kind = .tdx
      evidence = "cc_vendor is Intel's"
    } else if let guest = Self.kind(ofStatus: status) {
      kind = guest
      evidence =
        "\(source): no encryption bit\(statusText)\(status & Self.sevBits.vTOM == 0 ? "" : " (vTOM)")"
    } else if vendor == .hyperV {
      kind = .sevSNP
      evidence = "cc_vendor is Hyper-V's (vTOM)"
    } else {
      kind = .none
      evidence = "\(source): no encryption bit"
    }
  }

  /// Both are static keys, whose first word counts who enabled them: arch/arm64/kernel/rsi.c (6.13), arch/arm64/kvm/arm.c (5.12).
  private static func arm64(
    _ kernel: Kernel, looksUp: Bool, in memory: inout KernelMemory
  ) -> (kind: Kind, evidence: String) {
    let symbols = looksUp ? kernel.symbolsAtHand(armSymbols) : KernelSymbols()
    func isEnabled(_ name: String) -> Bool? {
      symbols.address(of: name).flatMap { try? memory.word($0) }.map {
        Int32(truncatingIfNeeded: Int64(bitPattern: $0)) > 0
      }
    }
    if isEnabled("rsi_present") == true { return (.realm, "rsi_present is enabled") }
    if isEnabled("kvm_protected_mode_initialized") == true {
      return (.protectedHost, "kvm_protected_mode_initialized is enabled")
    }
    return (
      .none,
      isEnabled("rsi_present") == nil && isEnabled("kvm_protected_mode_initialized") == nil
        ? "no symbol tells of a realm (CCA) or of pKVM" : "no realm (CCA), no pKVM"
    )
  }

  private static func kind(ofStatus status: UInt64) -> Kind? {
    if status & sevBits.snp != 0 { return .sevSNP }
    if status & sevBits.es != 0 { return .sevES }
    return status & sevBits.sev != 0 ? .sev : nil
  }

  /// What it means for the dump, in words.
  public var meaning: String {
    switch kind {
    case .none where machine == .arm64: "arm64 has no SME: nothing needs to be undone"
    case .none: "memory was not encrypted, or transparently (TSME): nothing needs to be undone"
    case .sme: "SME: low memory that purgatory copied may be noise"
    case .sev, .sevES, .sevSNP:
      "a guest with \(kind.rawValue.uppercased()): a dump that the guest made itself is right (from Linux 5.3);"
        + " one that its host made is ciphertext, and only the guest's key could read it"
    case .tdx:
      "a guest with TDX: a dump that the guest made itself is right; its host sees no private memory"
    case .realm:
      "a guest in a realm (CCA): a dump that the guest made itself is right; its host sees none of its memory"
    case .protectedHost:
      "a host with pKVM: its own dumps are right, but for what it gave to protected guests, which it cannot read"
    }
  }
}
