internal import Platform
public import Vmcore

/// The mark by which a dump of either format says that it is incomplete.
public enum DumpMark {
  /// Whether a file is a dump that has the mark.
  public static func isIncomplete(_ path: String) throws(VmcoreError) -> Bool {
    let file = try InputFile(opening: path)
    if try KdumpHeaders.recognises(file) { return try KdumpHeaders(file).header.status.contains(.incomplete) }
    return try ELFCore(file).isMarkedIncomplete
  }
}
