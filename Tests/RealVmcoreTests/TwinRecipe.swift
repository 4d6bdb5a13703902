/// What machine an ``EncryptedTwin`` comes from.
struct TwinRecipe {
  /// What the crash kernel's segments in the dump say of the backup.
  enum KexecImage: String, CaseIterable {
    case match
    /// Nothing.
    case absent
    /// Where it was in another boot.
    case stale
  }

  var mode = SimulatedController.Mode.xe
  var tweaks = SimulatedController.Tweaks.periodic
  /// Whether the capture kernel read through an encrypted mapping, as Linux does.
  var readsEncrypted = true
  /// Where purgatory copied the low segment to; nil is where it did on the real machine.
  var backup: UInt64?
  /// Which share of the low pages of zeros the first kernel never wrote: their DRAM is zero, and it saw noise.
  var untouched = 0.0
  /// Pages that the first kernel had mapped without encryption, as it has the real-mode trampoline.
  var decrypted: Range<UInt64> = 0..<0
  /// Lines of 64 bytes that were still in a cache when purgatory copied.
  var staleLines = 0
  /// Whether the backup made noise of low memory; if not, the vmcore only says that the machine had SME.
  var isDamaged = true
  /// The encryption bit of the page tables.
  var bit = 47
  /// Whether VMCOREINFO names it; Linux 4.20 and 5.0 do not.
  var statesMask = true
  var image = KexecImage.match
  /// Whether all memory was read as ciphertext, with ``readsEncrypted`` false.
  var wholeDump = false
  /// Physical addresses of the top page tables of processes, which get the bit too.
  var processTables: [UInt64] = []
  var seed: UInt64 = 1
}
