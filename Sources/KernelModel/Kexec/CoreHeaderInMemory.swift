public import DumpMemory
internal import Platform

/// The ELF header that the capture kernel is given (`elfcorehdr`), as it lies in the crashkernel memory of a dump
/// that a hypervisor made.
public enum CoreHeaderInMemory {
  /// Where low memory ends for kexec-tools and the kernel.
  private static let lowEnd: UInt64 = 0xa0000

  /// Finds the PT_LOAD that describes low memory and says that it lies elsewhere: in another segment of the image.
  ///
  /// - Parameter segments: of the crash kernel's image; one of them begins with the header.
  public static func backup(_ segments: [KexecImage.Segment], of memory: PhysicalMemory) -> BackupRegion? {
    guard var reader = try? MemoryReader.scattered(memory),
      var buffer = try? MappedBuffer(byteCount: memory.geometry.size)
    else { return nil }
    for segment in segments {
      var page = buffer.mutableBytes
      guard (try? reader.read(segment.address, into: &page)) != nil,
        let header = try? ELFHeader.decode(buffer.bytes, of: memory.path),
        Int(header.phentsize) == ProgramHeader.byteCount
      else { continue }
      // The low segment is among the first: processors' notes are one PT_NOTE each before it.
      for index in 0..<min(Int(header.phnum), 4096) {
        let place = segment.address + Int(truncatingIfNeeded: header.phoff) + index * ProgramHeader.byteCount
        guard let load = program(at: place, &reader) else { break }
        let start = load.physicalAddress.rawValue
        guard load.type == ProgramHeader.load, start < lowEnd, load.fileOffset.rawValue != start,
          load.memorySize > 0, load.memorySize <= lowEnd - start,
          segments.contains(where: {
            $0.address.rawValue == load.fileOffset.rawValue && $0.byteCount >= load.memorySize
          })
        else { continue }
        return BackupRegion(
          source: load.physicalAddress, byteCount: load.memorySize,
          backup: PhysicalAddress(load.fileOffset.rawValue))
      }
    }
    return nil
  }

  private static func program(at place: PhysicalAddress, _ reader: inout MemoryReader) -> ProgramHeader? {
    guard var buffer = try? MappedBuffer(byteCount: ProgramHeader.byteCount) else { return nil }
    var bytes = buffer.mutableBytes
    guard (try? reader.read(place, into: &bytes)) != nil else { return nil }
    return ProgramHeader(buffer.bytes, at: 0)
  }
}
