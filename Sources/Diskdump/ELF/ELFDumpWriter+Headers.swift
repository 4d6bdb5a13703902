internal import DumpMemory
internal import Platform

extension ELFDumpWriter {
  mutating func writeHeader(isIncomplete: Bool) throws(DumpError) {
    clearScratch(ELFHeader.byteCount)
    let headers = headers
    let machine = machine
    var bytes = scratch.mutableBytes
    headers.encodeHeader(of: machine, isIncomplete: isIncomplete, into: &bytes)
    try output.write(scratch.bytes.extracting(first: ELFHeader.byteCount), at: 0)
  }

  mutating func writeProgramHeaders() throws(DumpError) {
    headersEnd = output.canBeRewritten ? dataEnd : .max
    let size = ProgramHeader.byteCount
    clearScratch(size)
    encodeNote()
    try output.write(scratch.bytes.extracting(first: size), at: headers.programHeaders)
    let capacity = scratch.byteCount / size
    var done = 0
    while done < loads.count {
      let count = min(loads.count - done, capacity)
      clearScratch(count * size)
      encode(done..<done + count)
      let place = headers.programHeaders + UInt64((1 + done) * size)
      try output.write(scratch.bytes.extracting(first: count * size), at: place)
      done += count
    }
    if headers.isExtended {
      clearScratch(ELFHeader.byteCount)
      encodeSectionHeader()
      try output.write(
        scratch.bytes.extracting(first: Int(headers.notes - headers.sectionHeader)), at: headers.sectionHeader
      )
    }
  }

  private mutating func encodeNote() {
    let headers = headers
    var bytes = scratch.mutableBytes
    headers.encodeNote(into: &bytes)
  }

  private mutating func encodeSectionHeader() {
    let headers = headers
    var bytes = scratch.mutableBytes
    headers.encodeSectionHeader(into: &bytes)
  }

  private mutating func encode(_ some: Range<Int>) {
    let headers = headers
    let end = headersEnd
    let loads = loads
    var bytes = scratch.mutableBytes
    var position = 0
    for load in loads[some] {
      headers.encode(load, fileEndsAt: end, into: &bytes, at: position)
      position += ProgramHeader.byteCount
    }
  }
}
