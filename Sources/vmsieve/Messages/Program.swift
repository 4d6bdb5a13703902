internal import PageCompression

/// What the program is called and which version of it this is.
enum Program {
  static let name = "vmsieve"
  static let version = "0.1.0"
  static let releaseDate = "22 Nov 2026"
  /// The name under which distributions look for a core collector.
  static let peerName = "makedumpfile"

  /// The release of makedumpfile that knows the kernels which are known here: who calls the program by that name
  /// compares the first number of the first line with what a kernel needs.
  static let peerVersion = "1.7.9"

  /// - Parameter calledAs: ``name`` or ``peerName``.
  static func versionLine(calledAs called: String) -> String {
    "\(called): version \(called == peerName ? peerVersion : version) (released on \(releaseDate))"
  }

  /// The answer to `-v`: a line for the version, one for each codec, and an empty one; zlib's format has the library that makes it.
  /// As makedumpfile it names what that names, and behind it what it is.
  static func versionText(calledAs called: String) -> String {
    let codecs = "lzo\tenabled\nsnappy\tenabled\nzstd\tenabled\n"
    return versionLine(calledAs: called)
      + (called == peerName
        ? "\n\(codecs)\(name)\tversion \(version)\n" : "\nzlib\tenabled (\(ZlibFormat.library))\n\(codecs)")
  }

  /// The name that messages carry: scripts that call `makedumpfile` look for `makedumpfile Completed.`
  ///
  /// - Parameter path: `argv[0]`; its last component decides.
  static func nameInMessages(calledAs path: String) -> String {
    path.split(separator: "/").last == Substring(peerName) ? peerName : name
  }
}
