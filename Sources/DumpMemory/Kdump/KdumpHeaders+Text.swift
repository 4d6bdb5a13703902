extension KdumpHeaders {
  /// Both headers as makedumpfile's debug messages show them: retrace-server looks for `dump_level : N`.
  var lines: [String] {
    func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
    var fields: [(String, String)] = [
      ("signature", "KDUMP   "), ("header_version", "\(version)"), ("status", "\(header.status.rawValue)"),
      ("block_size", "\(header.blockSize)"), ("sub_hdr_size", "\(header.subHeaderBlocks)"),
      ("bitmap_blocks", "\(header.bitmapBlocks)"), ("max_mapnr", hexadecimal(header.maxMapNumber)),
    ]
    for (name, value) in zip(
      ["total_ram_blocks", "device_blocks", "written_blocks", "current_cpu"], obsolete)
    {
      fields.append((name, "\(value)"))
    }
    fields.append(("nr_cpus", "\(header.processorCount)"))
    let start = splitRange?.lowerBound.rawValue ?? 0
    let end = splitRange?.upperBound.rawValue ?? 0
    var subFields: [(String, String)] = [
      ("phys_base", hexadecimal(subHeader.physicalBase)),
      ("dump_level", "\(subHeader.dumpLevel)"), ("split", splitRange == nil ? "0" : "1"),
      ("start_pfn", hexadecimal(UInt64(UInt32(clamping: start)))),
      ("end_pfn", hexadecimal(UInt64(UInt32(clamping: end)))),
    ]
    if version >= 6 {
      subFields += [
        ("start_pfn_64", hexadecimal(start)), ("end_pfn_64", hexadecimal(end)),
        ("max_mapnr_64", hexadecimal(maxMapNumber)),
      ]
    }
    for (name, first, range) in [
      ("vmcoreinfo", 3, subHeader.vmcoreinfo), ("note", 4, subHeader.notes),
      ("eraseinfo", 5, subHeader.eraseInfo),
    ] where Int(version) >= first {
      subFields.append(("offset_\(name)", hexadecimal(range.lowerBound)))
      subFields.append(("size_\(name)", "\(range.count)"))
    }
    func block(_ title: String, _ fields: [(String, String)]) -> [String] {
      [title]
        + fields.map { name, value in
          "  " + name + String(repeating: " ", count: max(0, 17 - name.utf8.count)) + ": " + value
        }
    }
    return block("diskdump main header", fields) + block("kdump sub header", subFields)
  }
}
