internal import DumpMemory
internal import PageCompression

extension DumpForecast {
  /// The class in words.
  func name(of kind: PageClass) -> String {
    switch kind {
    case .free: "free"
    case .user: "user"
    case .cache: "cache"
    case .privateCache: "private cache"
    case .other: tellsClassesApart ? "kernel" : "not known"
    }
  }

  /// A block for the classes, one for what dumps would take, and a sentence.
  var blocks: [String] {
    var lines = ["", "Pages in the file, by what they were used for"]
    for (kind, sample) in classes where sample.total > 0 {
      let title = name(of: kind)
      let share = sample.looked == 0 ? 0 : sample.zeros * 100 / sample.looked
      lines.append(
        "  " + "\(title):".padded(toColumns: 16) + "\(sample.total)".aligned(toColumns: 10) + " pages"
          + ByteText.text(sample.total &* UInt64(pageSize)).aligned(toColumns: 12)
          + ", \(share)% of \(sample.looked) that were looked at are zeros")
    }
    if alwaysLeftOut > 0 {
      lines.append("  \(alwaysLeftOut) pages are faulty or were taken back by a hypervisor: no dump has them")
    }
    lines += warnings.map { "  \($0)" }
    lines += ["", "What a dump of it would take: an estimate, by \(looked) of \(pageCount) pages"]
    lines.append(
      "  " + "level".padded(toColumns: 7) + "pages".aligned(toColumns: 11)
        + PageSample.codecs.map { Self.option($0).aligned(toColumns: 16) }.joined())
    for row in rows {
      lines.append(
        "  " + "-d \(row.level.rawValue)".padded(toColumns: 7) + "\(row.pages)".aligned(toColumns: 11)
          + row.sizes.map { size in
            let share = size.bytes == 0 ? 0 : (size.margin * 100 + size.bytes / 2) / size.bytes
            return (ByteText.text(size.bytes) + (share > 0 ? " ±\(share)%" : ""))
              // The sign has two bytes and one column.
              .aligned(toColumns: share > 0 ? 17 : 16)
          }.joined())
    }
    if unreadable > 0 {
      lines.append("  \(unreadable) pages that were chosen could not be read, and are not in it")
    }
    if let gain { lines.append("  \(gain.sentence)") }
    return lines
  }

  /// Pages in the file.
  var pageCount: UInt64 { classes.reduce(0) { $0 + $1.sample.total } }

  private static func option(_ codec: Codec) -> String {
    switch codec {
    case .none: "raw"
    case .zlib: "-c zlib"
    case .lzo: "-l lzo"
    case .snappy: "-p snappy"
    case .zstd: "-z zstd"
    }
  }
}

extension DumpForecast.Gain {
  private var options: String {
    let option =
      switch codec {
      case .none: ""
      case .zlib: "-c "
      case .lzo: "-l "
      case .snappy: "-p "
      case .zstd: "-z "
      }
    return option + "-d \(level.rawValue)"
  }

  var sentence: String {
    isWorthIt
      ? "filtering is worth it: with \(options) it would take about \(ByteText.text(bytes)) instead of \(ByteText.text(fileSize))"
      : "filtering it again is not worth it: the least, with \(options), is about \(ByteText.text(bytes)) instead of"
        + " \(ByteText.text(fileSize))"
  }
}
