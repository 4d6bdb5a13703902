/// makedumpfile's exit statuses, and three of our own.
enum ExitStatus: Int32, Equatable {
  case completed = 0
  case failed = 1
  /// The kernel release that the user or a file named is not the vmcore's.
  case wrongRelease = 2
  /// `repair` found nothing to repair, and wrote nothing.
  case nothingToRepair = 3
  /// The work was done, but the file that was read lacked pages: what was made of it is marked incomplete.
  case inputLackedPages = 4
  /// The same may succeed at another time or on another machine: EX_TEMPFAIL of sysexits.h.
  case tryAgain = 75
}
