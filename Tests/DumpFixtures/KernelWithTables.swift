/// A synthetic kernel with things of its own in its image.
public final class KernelWithTables {
  public let kernel: SyntheticKernel
  private var next: UInt64 = 0x3000

  public init(_ generation: KernelGeneration = .v6_1, change: (inout KernelConfiguration) -> Void = { _ in })
  {
    var configuration = KernelConfiguration(generation)
    configuration.spareImagePages = 96
    configuration.kaslrOffset = 0x1220_0000
    change(&configuration)
    kernel = SyntheticKernel(configuration)
  }

  /// Where the next things go, a multiple of 4096.
  public var nextAddress: UInt64 { kernel.text + next }

  /// Puts bytes into the kernel's image and says where they are.
  @discardableResult
  public func place(_ bytes: [UInt8]) -> UInt64 {
    let offset = next
    precondition(offset + UInt64(bytes.count) <= 0x3000 + kernel.configuration.spareImagePages << 12)
    kernel.memory.store(bytes, at: kernel.image.lowerBound << 12 + offset)
    next = (offset + UInt64(bytes.count) + 0xfff) & ~0xfff
    return kernel.text + offset
  }

  public func setSymbol(_ name: String, _ address: UInt64) {
    kernel.setKey("SYMBOL(\(name))", String(address, radix: 16))
  }

  /// Puts the kernel's types where its symbols say.
  public func setTypes(_ types: BTFBuilder) {
    let bytes = types.build()
    let address = place(bytes)
    setSymbol("__start_BTF", address)
    setSymbol("__stop_BTF", address + UInt64(bytes.count))
  }
}
