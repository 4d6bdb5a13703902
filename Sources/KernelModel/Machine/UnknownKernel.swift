/// Why a kernel could not be understood, in words that follow the vmcore's path.
public struct UnknownKernel: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
