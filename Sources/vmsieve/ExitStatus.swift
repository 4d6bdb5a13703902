/// makedumpfile's exit statuses.
enum ExitStatus: Int32, Equatable {
  case completed = 0
  case failed = 1
  /// The kernel release that the user or a file named is not the vmcore's.
  case wrongRelease = 2
}
