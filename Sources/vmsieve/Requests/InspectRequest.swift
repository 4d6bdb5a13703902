/// What a vmcore tells about memory encryption.
struct InspectRequest: Equatable {
  var memory: MemoryRequest
  var usesJSON: Bool
}
