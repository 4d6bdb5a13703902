extension KdumpDump {
  /// What a dump must keep to so that crash and libkdumpfile both read it; each sentence is a breach.
  ///
  /// Pages are not decompressed here, only their descriptors are looked at.
  public func breaches() -> [String] {
    var breaches = headerBreaches()
    breaches += noteBreaches()
    breaches += bitmapBreaches()
    breaches += descriptorBreaches()
    return breaches
  }

  private func headerBreaches() -> [String] {
    var breaches: [String] = []
    func check(_ holds: Bool, _ sentence: @autoclosure () -> String) {
      if !holds { breaches.append(sentence()) }
    }
    let block = UInt64(header.blockSize)
    check(header.version == 6, "header_version is \(header.version)")
    check(header.microseconds == 0, "tv_usec is \(header.microseconds)")
    check(["x86_64", "aarch64"].contains(header.machine), "utsname.machine is \(header.machine)")
    check(header.processorCount > 0, "nr_cpus is \(header.processorCount)")
    check(
      header.maxMapNumber32 == UInt32(clamping: header.maxMapNumber),
      "max_mapnr is \(header.maxMapNumber32), max_mapnr_64 \(header.maxMapNumber)")
    check(header.status & ~0x3f == 0, "status is \(header.status)")
    let obsolete = [
      header.totalRAMBlocks, header.deviceBlocks, header.writtenBlocks, header.currentProcessor,
    ]
    check(obsolete.allSatisfy { $0 == 0 }, "the obsolete fields are \(obsolete)")
    let range = [header.startPFN, header.endPFN, header.startPFN32, header.endPFN32]
    check(header.split != 0 || range == [0, 0, 0, 0], "an unsplit dump has the range \(range)")
    check(isClear(402, 6), "the padding behind utsname is not zero")
    check(isClear(464, block - 464), "the rest of the header's block is not zero")
    let names = header.utsname
    check(names.allSatisfy { $0.last == 0 }, "a name of utsname has no end")
    let bits = (header.maxMapNumber + 7) / 8
    let bitmapBlocks = 2 * ((bits + block - 1) / block)
    check(UInt64(header.bitmapBlocks) == bitmapBlocks, "bitmap_blocks is \(header.bitmapBlocks)")
    return breaches
  }

  private func noteBreaches() -> [String] {
    let block = UInt64(header.blockSize)
    var breaches: [String] = []
    if header.noteOffset != block + 104 { breaches.append("offset_note is \(header.noteOffset)") }
    // The erase info lies behind the notes or, as makedumpfile has it, behind the last page.
    let isAtEnd = header.eraseInfoSize > 0 && header.eraseInfoOffset + header.eraseInfoSize == fileSize
    let described = header.noteSize + (isAtEnd ? 0 : header.eraseInfoSize)
    let blocks = (104 + described + block - 1) / block
    // What was said before the pages were read may lie behind the notes still.
    if UInt64(header.subHeaderBlocks) != blocks && !(isAtEnd && UInt64(header.subHeaderBlocks) > blocks) {
      return breaches + ["sub_hdr_size is \(header.subHeaderBlocks)"]
    }
    guard let notes else { return breaches + ["the notes reach past the end"] }
    var end = header.noteOffset + header.noteSize
    if header.eraseInfoSize > 0, !isAtEnd {
      if header.eraseInfoOffset != end { breaches.append("offset_eraseinfo is \(header.eraseInfoOffset)") }
      end += header.eraseInfoSize
    }
    if !isAtEnd, !isClear(end, (1 + UInt64(header.subHeaderBlocks)) * block - end) {
      breaches.append("the rest of the notes' last block is not zero")
    }
    // Readers get VMCOREINFO by the header (crash) or out of the notes (libkdumpfile): both must be the same.
    var at = 0
    var found: Range<UInt64>?
    while at + 12 <= notes.count {
      func word(_ offset: Int) -> Int {
        Int(notes[offset]) | Int(notes[offset + 1]) << 8 | Int(notes[offset + 2]) << 16
          | Int(notes[offset + 3]) << 24
      }
      let nameSize = word(at)
      let size = word(at + 4)
      let start = at + 12 + (nameSize + 3) / 4 * 4
      if start + size > notes.count {
        breaches.append("a note reaches past size_note")
        break
      }
      if notes[(at + 12)..<(at + 12 + nameSize)].elementsEqual("VMCOREINFO\0".utf8) {
        let offset = header.noteOffset + UInt64(start)
        found = offset..<offset + UInt64(size)
      }
      at = start + (size + 3) / 4 * 4
    }
    let stated = header.vmcoreinfoOffset..<header.vmcoreinfoOffset + header.vmcoreinfoSize
    if found ?? 0..<0 != stated {
      breaches.append("vmcoreinfo is at \(stated), its note at \(found ?? 0..<0)")
    }
    return breaches
  }

  private func bitmapBreaches() -> [String] {
    var breaches: [String] = []
    let extra = dumped.subtracting(existing)
    if !extra.isEmpty { breaches.append("\(extra.count) dumped pages do not exist") }
    for (name, bitmap) in [("first", existing), ("second", dumped)] {
      var last: UInt64?
      bitmap.forEach { last = $0 }
      if let last, last >= header.maxMapNumber { breaches.append("the \(name) bitmap has pfn \(last)") }
    }
    return breaches
  }

  private func descriptorBreaches() -> [String] {
    let count = dumped.count()
    var pastEnd = 0
    var malformed = 0
    var cut = 0
    let dataStart = descriptorsOffset + UInt64(count) * 24
    for index in 0..<count {
      guard let descriptor = descriptor(index) else {
        pastEnd += count - index
        break
      }
      if descriptor.offset == 0 {
        cut += 1
        if descriptor.size != 0 || descriptor.flags != 0 || descriptor.pageFlags != 0 { malformed += 1 }
        continue
      }
      if descriptor.offset + UInt64(descriptor.size) > fileSize { pastEnd += 1 }
      let rawRule = descriptor.flags == 0 ? Int(descriptor.size) == pageSize : Int(descriptor.size) < pageSize
      if !rawRule || descriptor.pageFlags != 0 || descriptor.offset < dataStart || descriptor.size == 0 {
        malformed += 1
      }
    }
    var breaches: [String] = []
    if pastEnd > 0 { breaches.append("\(pastEnd) descriptors reach past the end of the file") }
    if malformed > 0 { breaches.append("\(malformed) descriptors are malformed") }
    if cut > 0, !header.isIncomplete { breaches.append("\(cut) pages are missing, but the dump is complete") }
    return breaches
  }

  private func isClear(_ offset: UInt64, _ count: UInt64) -> Bool {
    file.bytes(offset, count)?.allSatisfy { $0 == 0 } ?? false
  }
}
