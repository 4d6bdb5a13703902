internal import Diskdump
internal import DumpMemory
internal import PageCompression
internal import Platform

/// Reads pages and makes them ready to be written. Each thread has one, with its own windows and codec.
final class PageWorker: @unchecked Sendable {
  private var reader: MemoryReader
  private var compressor: PageCompressor
  private let sharesZeroPages: Bool
  /// Whether pages that a dump has of the codec are compressed anew.
  private let recompresses: Bool

  init(_ memory: PhysicalMemory, form: PageForm) throws(PipelineError) {
    do throws(SystemError) { reader = try MemoryReader.sequential(memory) } catch {
      throw .system(error)
    }
    do throws(CompressionError) {
      compressor = try PageCompressor(form.codec, level: form.level, pageSize: memory.geometry.size)
    } catch { throw .codec(error) }
    sharesZeroPages = form.sharesZeroPages
    recompresses = form.recompresses
  }

  /// Fills a batch with what its frames hold.
  func process(_ batch: inout BatchContents) {
    Self.process(
      &batch, by: &reader, compressor: &compressor, sharesZeroPages: sharesZeroPages,
      recompresses: recompresses)
  }

  /// What the worker has is taken once a batch: Swift looks at each access to a class's property.
  private static func process(
    _ batch: inout BatchContents, by reader: inout MemoryReader, compressor: inout PageCompressor,
    sharesZeroPages: Bool, recompresses: Bool
  ) {
    batch.restart()
    if let last = batch.frames.last { reader.expect(upTo: last) }
    for index in 0..<batch.frames.count {
      let pfn = batch.frames[index]
      do throws(VmcoreError) {
        try add(
          pfn, to: &batch, by: &reader, compressor: &compressor, sharesZeroPages: sharesZeroPages,
          recompresses: recompresses)
      } catch {
        batch.addLost(pfn, reason: error)
      }
    }
  }

  /// Takes batches from a ring until there are none left.
  func work(through ring: BatchRing) {
    while let (batch, number) = ring.claim() {
      process(&batch.contents)
      ring.hand(over: number)
    }
  }

  private static func add(
    _ pfn: PFN, to batch: inout BatchContents, by reader: inout MemoryReader,
    compressor: inout PageCompressor, sharesZeroPages: Bool, recompresses: Bool
  ) throws(VmcoreError) {
    let flags = compressor.codec.flags
    if flags != .raw, !recompresses {
      let isCopied = try batch.addStored(sharesZeroPages: sharesZeroPages) { (room) throws(VmcoreError) in
        try reader.readStored(pfn, as: flags.rawValue, into: &room)
      }
      if isCopied { return }
    }
    try reader.withPage(pfn) { page in
      if sharesZeroPages, isZeroPage(page) {
        batch.addZeroPage()
        return
      }
      batch.addPage { room in
        if let size = compressor.compress(page, into: &room) { return (size, compressor.codec.flags) }
        room.copy(page, at: 0)
        return (page.byteCount, .raw)
      }
    }
  }
}
