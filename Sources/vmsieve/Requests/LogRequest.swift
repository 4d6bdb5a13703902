/// The dead kernel's messages as text (`--dump-dmesg`).
struct LogRequest: Equatable {
  var memory: MemoryRequest
  /// The text's file; nil is stdout.
  var output: String?
  var overwrites: Bool
  /// Whether only messages since the log was last cleared are wanted (`--partial-dmesg`).
  var onlySinceClear: Bool

  var outputName: String { output ?? Destination.stream.name }
}
