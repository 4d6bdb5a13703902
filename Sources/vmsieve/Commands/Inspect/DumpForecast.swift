internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import PageCompression
internal import Platform

/// What the pages of a vmcore are, and what dumps of it would take: the page structures are read as for a dump, and of the pages
/// a sample.
struct DumpForecast {
  /// What a dump of a level takes.
  struct Row {
    let level: DumpLevel
    /// Pages that it has, those of zeros among them.
    let pages: UInt64
    /// For each of ``PageSample/codecs`` the bytes of the file, and by how much they may be wrong (of 20 estimates 19 are better).
    let sizes: [(bytes: UInt64, margin: UInt64)]
  }

  /// Whether the kernel's page structures told the classes apart.
  let tellsClassesApart: Bool
  /// What the filter could not be sure of.
  let warnings: [String]
  let classes: [(class: PageClass, sample: PageSample)]
  /// Pages that every dump leaves out: faulty ones, and those that a hypervisor took back.
  let alwaysLeftOut: UInt64
  let rows: [Row]
  let picture: MemoryPicture
  let pageSize: Int
  /// Bytes of the file.
  private let fileSize: UInt64
  /// What the file leaves out already; nil for what came from the kernel.
  private let ownLevel: DumpLevel?

  /// Pages of a class that are looked at; of classes that are smaller, in little memory, all are.
  private static let sampleSize: UInt64 = 2048
  /// How often a frame is drawn: a class of which there are few in much memory stays with fewer.
  private static let mostDraws = 2_000_000
  /// Those that administrators choose between: all; without zeros; without free pages; without cache too; the kernel's alone.
  private static let levels = [0, 1, 17, 23, 31].map { DumpLevel(rawValue: $0) }

  /// - Parameter kernel: nil where nothing is known of it.
  init(_ memory: PhysicalMemory, of kernel: Kernel?) throws(VmcoreError) {
    let present = try memory.framesInFile()
    var frames = try memory.framesInFile()
    var report = FilterReport()
    report.notInFile = memory.frames.count - min(present.count, memory.frames.count)
    let classes: PageClassFrames
    do throws(SystemError) { classes = try PageClassFrames(maxMapNumber: memory.frames.maxMapNumber) } catch {
      throw .system(error)
    }
    if let kernel {
      try PageFilter.run(
        kernel, level: [.zeroPages, .cache, .privateCache, .userData, .freePages], from: &frames,
        report: &report,
        classes: classes
      ) { _, _ in }
    }
    alwaysLeftOut = report[.hwpoison] + report[.offline]
    warnings = kernel == nil ? [] : report.warnings
    tellsClassesApart = report.examined > 0
    var samples: [PageClass: PageSample] = [
      .free: PageSample(total: report[.free]), .user: PageSample(total: report[.user]),
      .cache: PageSample(total: report[.cache]), .privateCache: PageSample(total: report[.privateCache]),
      .other: PageSample(total: frames.count),
    ]
    let zero: [Int]
    do throws(SystemError) {
      zero = try Self.look(memory, present: present, kept: frames, classes: classes, samples: &samples)
    } catch { throw .system(error) }
    picture = MemoryPicture(memory.frames, geometry: memory.geometry, present: present, kept: frames) {
      classes.counts(in: $0)
    }
    self.classes = PageClass.allCases.map { ($0, samples[$0] ?? PageSample(total: 0)) }
    pageSize = memory.geometry.size
    fileSize = memory.fileSize
    ownLevel = memory.origin?.dumpLevel
    rows = Self.rows(
      self.classes, zero: zero, memory: memory, own: ownLevel, tellsClassesApart: report.examined > 0)
  }

  /// Draws pages of each class and compresses them.
  ///
  /// - Returns: the bytes of a page of zeros, by ``PageSample/codecs``.
  private static func look(
    _ memory: PhysicalMemory, present: borrowing PFNBitmap, kept: borrowing PFNBitmap,
    classes: PageClassFrames,
    samples: inout [PageClass: PageSample]
  ) throws(SystemError) -> [Int] {
    let chosen = choose(memory.frames, present: present, kept: kept, classes: classes, samples: samples)
    var reader = try MemoryReader.sequential(memory)
    var compressors = try SampleCompressors(pageSize: memory.geometry.size)
    for (pfn, kind) in chosen.sorted(by: { $0.key < $1.key }) {
      do throws(VmcoreError) {
        let sizes = try reader.withPage(pfn) { page in isZeroPage(page) ? nil : compressors.sizes(page) }
        samples[kind]?.add(sizes)
      } catch { samples[kind]?.skip() }
    }
    return try compressors.sizesOfZeros()
  }

  private static func choose(
    _ all: PFNRanges, present: borrowing PFNBitmap, kept: borrowing PFNBitmap, classes: PageClassFrames,
    samples: [PageClass: PageSample]
  ) -> [PFN: PageClass] {
    var chosen: [PFN: PageClass] = [:]
    var missing = samples.mapValues { min($0.total, sampleSize) }
    /// The class of a frame that the dump has; nil for others.
    func kind(_ pfn: PFN) -> PageClass? {
      if kept.contains(pfn) { return .other }
      guard present.contains(pfn), let reason = classes.reason(for: pfn) else { return nil }
      return PageClass(reason)
    }
    func take(_ pfn: PFN) {
      guard let kind = kind(pfn), missing[kind, default: 0] > 0, chosen[pfn] == nil else { return }
      chosen[pfn] = kind
      missing[kind, default: 0] -= 1
    }
    let total = all.ranges.map { UInt64($0.lowerBound.distance(to: $0.upperBound)) }
    let sum = total.reduce(0, +)
    if sum <= sampleSize * 4 {
      for range in all.ranges {
        var pfn = range.lowerBound
        while pfn < range.upperBound {
          take(pfn)
          pfn = pfn.advanced(by: 1)
        }
      }
      return chosen
    }
    var ends: [UInt64] = []
    for count in total { ends.append((ends.last ?? 0) + count) }
    var random = DrawnNumbers()
    for _ in 0..<mostDraws where missing.values.contains(where: { $0 > 0 }) {
      let place = random.next(below: sum)
      let index = ends.partitionPoint(behind: { $0 > place })
      take(all.ranges[index].lowerBound.advanced(by: Int(place - (ends[index] - total[index]))))
    }
    return chosen
  }

  private static func rows(
    _ classes: [(class: PageClass, sample: PageSample)], zero: [Int], memory: PhysicalMemory, own: DumpLevel?,
    tellsClassesApart: Bool
  ) -> [Row] {
    let page = memory.geometry.size
    var seen: Set<DumpLevel> = []
    var rows: [Row] = []
    for wanted in levels {
      // What is left out does not come back.
      let level = wanted.union(own ?? [])
      guard seen.insert(level).inserted,
        tellsClassesApart || level.isDisjoint(with: .needingMemoryMap) || level == own
      else { continue }
      let kept = classes.filter { !$0.class.isLeftOut(by: level) }
      let pages = kept.reduce(0) { $0 + $1.sample.total }
      let beside = DumpDescription.bytesBesidePages(
        noteSize: memory.notes.byteCount, maxMapNumber: memory.frames.maxMapNumber, pageCount: pages,
        blockSize: page)
      let sizes = PageSample.codecs.indices.map { codec in
        var bytes = Double(beside)
        var variance = 0.0
        // Pages of zeros share one.
        let zeroSize = level.contains(.zeroPages) ? 0 : zero[codec]
        for (_, sample) in kept {
          let part = sample.bytes(codec, zeroSize: zeroSize)
          bytes += part.mean
          variance += part.variance
        }
        return (bytes: UInt64(bytes), margin: UInt64(2 * root(of: variance)))
      }
      rows.append(Row(level: level, pages: pages, sizes: sizes))
    }
    return rows
  }

  /// A square root (Newton), for `sqrt` is in a library that nothing else here needs.
  private static func root(of number: Double) -> Double {
    guard number >= 1 else { return 0 }
    var root = number
    while true {
      let next = (root + number / root) / 2
      // From above it comes nearer until it cannot.
      if next >= root { return root }
      root = next
    }
  }

  /// Pages that were looked at.
  var looked: UInt64 { classes.reduce(0) { $0 + $1.sample.looked } }

  /// Those that were chosen and could not be read.
  var unreadable: UInt64 { classes.reduce(0) { $0 + $1.sample.unreadable } }

  /// What filtering once more would gain.
  struct Gain {
    let isWorthIt: Bool
    let level: DumpLevel
    let codec: Codec
    let bytes: UInt64
    let fileSize: UInt64
  }

  /// The smallest dump that can be made of the file, held against it; nil where nothing is known.
  var gain: Gain? {
    guard looked > 0 else { return nil }
    var best: Gain?
    for row in rows {
      for (index, size) in row.sizes.enumerated() where size.bytes < best?.bytes ?? .max {
        best = Gain(
          isWorthIt: size.bytes + size.margin < fileSize - fileSize / 10, level: row.level,
          codec: PageSample.codecs[index], bytes: size.bytes, fileSize: fileSize)
      }
    }
    return best
  }
}

extension PageClassFrames {
  /// Frames of each class in a range.
  fileprivate func counts(in range: Range<PFN>) -> [PageClass: UInt64] {
    var counts: [PageClass: UInt64] = [:]
    for reason in ExclusionReason.allCases {
      let count = count(reason, in: range)
      if count > 0 { counts[PageClass(reason)] = count }
    }
    return counts
  }
}
