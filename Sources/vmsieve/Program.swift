/// What the program is called and which version of it this is.
enum Program {
  static let name = "vmsieve"
  static let version = "0.1.0"
  static let releaseDate = "22 Nov 2026"
  /// The name under which distributions look for a core collector.
  static let peerName = "makedumpfile"

  static var versionLine: String {
    "\(name): version \(version) (released on \(releaseDate))"
  }

  /// The answer to `-v`: a line for the version, one for each codec, and an empty one.
  static var versionText: String {
    versionLine + "\nzlib\tenabled\nlzo\tenabled\nsnappy\tenabled\nzstd\tenabled\n"
  }

  /// The name that messages carry: scripts that call `makedumpfile` look for `makedumpfile Completed.`
  ///
  /// - Parameter path: `argv[0]`; its last component decides.
  static func nameInMessages(calledAs path: String) -> String {
    path.split(separator: "/").last == Substring(peerName) ? peerName : name
  }
}
