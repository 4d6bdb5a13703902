internal import CLinux

/// The place of a file in the file system, as far as it is looked at before anything is read.
enum DumpTarget {
  /// Whether there is a file of this name. The corresponding C function is `access`.
  static func exists(_ path: String) -> Bool {
    unsafe access(path, F_OK) == 0
  }

  /// Checks that a dump may be written there; a path where nothing is yet passes.
  ///
  /// - Parameter overwriting: whether a file that is there already may be overwritten.
  static func check(_ path: String, overwriting: Bool) throws(CommandFailure) {
    guard exists(path) else { return }
    guard overwriting else {
      throw CommandFailure("cannot create the dump file \(path): File exists; -f overwrites it")
    }
    guard unsafe access(path, W_OK) == 0 else {
      let reason = unsafe String(cString: strerror(clinux_errno()))
      throw CommandFailure("cannot overwrite the dump file \(path): \(reason)")
    }
  }
}
