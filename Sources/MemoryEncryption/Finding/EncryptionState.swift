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
  }

  public let kind: Kind
  /// The C-bit (`sme_me_mask`), 0 without.
  public let mask: UInt64
  /// How it is known, in words.
  public let evidence: String

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["sev_status"]
  /// What to ask for besides where a kernel without a mask is to be looked at as well.
  public static let guestSymbols = ConfidentialVendor.symbols

  /// `MSR_AMD64_SEV`: enabled, ES, SNP, vTOM (arch/x86/include/asm/msr-index.h).
  private static let sevBits: (sev: UInt64, es: UInt64, snp: UInt64, vTOM: UInt64) = (1, 2, 4, 8)

  /// - Parameter looksUp: whether symbols are asked for: without them the mask is all that is known.
  public init(_ kernel: Kernel, looksUp: Bool = true, in memory: inout KernelMemory) {
    mask = kernel.tables.encryptionMask
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

  private static func kind(ofStatus status: UInt64) -> Kind? {
    if status & sevBits.snp != 0 { return .sevSNP }
    if status & sevBits.es != 0 { return .sevES }
    return status & sevBits.sev != 0 ? .sev : nil
  }

  /// What it means for the dump, in words.
  public var meaning: String {
    switch kind {
    case .none: "memory was not encrypted, or transparently (TSME): nothing needs to be undone"
    case .sme: "SME: low memory that purgatory copied may be noise"
    case .sev, .sevES, .sevSNP:
      "a guest with \(kind.rawValue.uppercased()): a dump that the guest made itself is right (from Linux 5.3);"
        + " one that its host made is ciphertext, and only the guest's key could read it"
    case .tdx:
      "a guest with TDX: a dump that the guest made itself is right; its host sees no private memory"
    }
  }
}
