internal import Diskdump
internal import KernelModel
internal import Platform

/// The sentences of makedumpfile's that services and test suites look for, beside what is said in own words.
extension Messages {
  /// The result may be wrong.
  func sayDoubtful() {
    common("The kernel version is not supported.")
    common("The makedumpfile operation may be incomplete.")
  }

  /// Says what the filter has found to be wrong.
  func warn(of report: FilterReport) {
    for line in report.warnings { warning(line) }
    if report.isDoubtful { sayDoubtful() }
  }

  /// A file, or what is called one, has no room for more.
  func sayFull(_ path: String, error: DumpError) {
    switch error {
    case .sizeLimit(let limit):
      common("")
      common("Can't write the dump file(\(path)). Size limit(\(limit)) reached.")
    case .noSpace(let error):
      common("")
      common("Can't write the dump file(\(path)). \(error.code)")
    default:
      break
    }
  }

  /// The dump ends early, and is marked so.
  func sayIncomplete() {
    common("This is an incomplete dumpfile, but might analyzable.")
  }
}
