/// The type of a variable as its declaration has it: what it is made of, and layers around that.
public struct DeclaredType: Hashable, Sendable {
  public enum Layer: Hashable, Sendable {
    case pointer
    /// Elements; 0 where the declaration does not say.
    case array(Int)
  }

  public enum Base: Hashable, Sendable {
    /// A structure, a union, or a typedef of one that has no name itself.
    case named(String)
    case integer(byteCount: Int, isCharacter: Bool)
    case void
    /// A function, or a structure without any name.
    case other
  }

  /// The outermost first: an array of pointers is an array, then a pointer.
  public var layers: [Layer]
  public var base: Base
}
