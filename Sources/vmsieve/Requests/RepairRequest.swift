/// A dump as it is, but for what memory encryption did to it.
struct RepairRequest: Equatable {
  var memory: MemoryRequest
  var output: String
  var overwrites: Bool
}
