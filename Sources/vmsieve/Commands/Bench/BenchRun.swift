internal import DumpMemory
internal import PageCompression
internal import Platform

/// What one codec with a number of threads took for the sample.
struct BenchRun {
  let codec: Codec
  let threads: Int
  /// Of the fastest of several runs.
  let microseconds: UInt64
  /// Bytes of the dump that would have been written.
  let bytes: UInt64
  /// Bytes of the pages.
  let memoryBytes: UInt64
  /// The most memory that the program had; nil where the kernel does not tell.
  let peakMemory: UInt64?

  /// Bytes of pages a second.
  var speed: UInt64 { memoryBytes.scaled(by: 1_000_000, over: microseconds) }
}

extension UInt64 {
  /// Multiplies and divides, and is as large as it may be where the result would be larger.
  func scaled(by factor: UInt64, over divisor: UInt64) -> UInt64 {
    let divisor = Swift.max(divisor, 1)
    let product = multipliedFullWidth(by: factor)
    return product.high >= divisor ? .max : divisor.dividingFullWidth(product).quotient
  }
}
