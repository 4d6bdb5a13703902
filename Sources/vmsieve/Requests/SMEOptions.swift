internal import DumpMemory
internal import MemoryEncryption

/// What the user said of memory encryption.
struct SMEOptions: Equatable {
  /// `--sme`
  enum Policy: String, Equatable {
    /// Repair what is proven damaged, and dump in any case.
    case auto
    /// Do not even look.
    case off
    /// Fail, before anything is written, unless all that is damaged can be repaired.
    case require
  }

  var policy = Policy.auto
  /// `--sme-key`: a file with the AES-128 key, 16 bytes or 32 hexadecimal digits.
  var keyFile: String?
  /// `--sme-mode`
  var mode = CipherMode.xe
  /// `--sme-tweaks`: a file with the constants t4 and up.
  var tweaksFile: String?
  /// `--sme-view`
  var view = CaptureView.encrypted
  /// `--backup-region`
  var region: Investigation.UserRegion?
  /// `--sme-strip`: clear the encryption bit in the page tables of the output.
  var strips = false
}
