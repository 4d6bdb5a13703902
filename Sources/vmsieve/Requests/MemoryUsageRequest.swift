/// How many pages of a running machine a dump of it would leave out (`--mem-usage`).
struct MemoryUsageRequest: Equatable {
  var memory: MemoryRequest
  /// Whether kernels are tried, too, whose /proc/kcore does not say where memory lies (`-f`).
  var isForced: Bool
}
