/// Kernels of which only the pages are looked at: the oldest and the newest by default, more with `make test-all`.
enum OtherKernels {
  static let there = (Lab.isThorough ? ["5.10", "7.3", "6.16", "6.18", "7.2"] : ["5.10", "7.3"]).filter {
    Lab.hasVmcore($0, isExpected: false)
  }
}
