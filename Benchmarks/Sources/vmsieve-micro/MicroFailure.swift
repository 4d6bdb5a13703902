/// Why there is no measurement.
struct MicroFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
