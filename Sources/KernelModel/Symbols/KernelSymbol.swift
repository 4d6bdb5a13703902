/// A symbol and an address that lies in it: `name+0xoffset/0xsize`, as the kernel writes it (`%pS`).
public struct KernelSymbol: Hashable, Sendable {
  public let name: String
  /// Bytes from the symbol's first to the address.
  public let offset: UInt64
  /// Bytes to the next symbol; nil for the last.
  public let size: UInt64?
  /// The module that has it; nil for the kernel itself.
  public let module: String?

  public var text: String {
    let size = size.map { "/0x" + String($0, radix: 16) } ?? ""
    return "\(name)+0x" + String(offset, radix: 16) + size + (module.map { " [\($0)]" } ?? "")
  }
}
