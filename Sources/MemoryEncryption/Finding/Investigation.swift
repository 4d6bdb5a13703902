public import DumpMemory
public import KernelModel
internal import Platform

/// Everything that a vmcore says of its memory encryption: what it was, what it damaged, what can be undone.
public struct Investigation: Sendable {
  /// What the user said of the backup region (`--backup-region ADDR[,SIZE[,SOURCE]]`).
  public struct UserRegion: Hashable, Sendable {
    public var backup: PhysicalAddress
    public var byteCount: UInt64?
    public var source: PhysicalAddress?

    public init(backup: PhysicalAddress, byteCount: UInt64? = nil, source: PhysicalAddress? = nil) {
      self.backup = backup
      self.byteCount = byteCount
      self.source = source
    }

    /// What of the low memory was copied, if the user said how much.
    func part(of low: BackupFinder.Low) -> BackupFinder.Low? {
      guard let byteCount else { return low }
      let start = (source ?? low.source).rawValue
      let end = min(low.source.rawValue + low.byteCount, start &+ byteCount)
      guard start <= low.source.rawValue, end > low.source.rawValue else { return nil }
      return BackupFinder.Low(source: low.source, byteCount: end - low.source.rawValue)
    }
  }

  /// How much is looked at where the kernel names no encryption mask.
  public enum Depth: Sendable {
    /// Nothing: a dump of a machine without SME pays for reading one number.
    case onlyWithMask
    /// What kind of guest it was, and where low memory was saved: for whoever asks.
    case always
  }

  public let state: EncryptionState
  /// The memory that went through the backup; nil if the dump has none below 640 KiB.
  public let low: BackupFinder.Low?
  /// Where the backup may lie, the likeliest first.
  public private(set) var candidates: [BackupCandidate] = []
  public private(set) var outcome: Outcome
  /// Where the kernel maps all memory; nil if unknown.
  public private(set) var directMap: UInt64?
  /// The way here, a line each.
  public private(set) var evidence: [String] = []

  /// Looks for damage.
  ///
  /// - Throws: ``KernelError`` if a file that the user named cannot be used. Whatever else is missing is
  ///   less evidence.
  public init(
    _ kernel: Kernel, region: UserRegion? = nil, depth: Depth = .onlyWithMask
  ) throws(KernelError) {
    let physical = kernel.physical
    low = BackupFinder.low(of: physical).flatMap { region?.part(of: $0) ?? $0 }
    var memory = try kernel.reader()
    let isMasked = kernel.tables.encryptionMask != 0
    if !isMasked, depth == .onlyWithMask || kernel.machine.kind != .x86_64 {
      state = EncryptionState(kernel, looksUp: depth == .always, in: &memory)
      outcome = .nothingToUndo(state)
      return
    }
    let symbols = try kernel.symbols(
      EncryptionState.symbols + BackupFinder.symbols + KernelTypes.symbols
        + (isMasked ? SlabWalk.symbols + ProcessTables.symbols : EncryptionState.guestSymbols))
    state = EncryptionState(kernel, in: &memory)
    outcome = .nothingToUndo(state)
    evidence += symbols.evidence + ["\(state.evidence): \(state.meaning)"]
    directMap = kernel.directMap
    if isMasked, let survey = Self.unreadableTables(kernel) {
      outcome = .wrongView(survey)
      evidence.append(outcome.sentence)
      return
    }
    tellOfTypes(kernel)
    if let low { findBackup(low, of: kernel, user: region, in: &memory) }
    if state.kind != .sme { return }
    if let low {
      outcome = try judge(low, of: kernel, in: &memory)
    } else {
      outcome = physical.origin?.split == nil ? .noLowMemory : .lowMemoryElsewhere
      evidence.append(outcome.sentence)
    }
  }

  /// What memory looks like where the kernel's top page table is noise; nil if it is none.
  private static func unreadableTables(_ kernel: Kernel) -> MemorySurvey? {
    let physical = kernel.physical
    let root = physical.geometry.pfn(of: kernel.tables.root)
    guard var reader = try? MemoryReader.scattered(physical),
      let isNoise = try? reader.withPage(root, { MemorySurvey.isNoise($0) }), isNoise,
      let survey = MemorySurvey(of: physical), survey.look == .ciphertext
    else { return nil }
    return survey
  }

  /// Finds out what low memory is off by.
  private mutating func judge(
    _ low: BackupFinder.Low, of kernel: Kernel, in memory: inout KernelMemory
  ) throws(KernelError) -> Outcome {
    let physical = kernel.physical
    if let record = Repair.record(in: physical) {
      evidence.append("the dump says of itself: \(record)")
      return .repairedBefore(record: record)
    }
    guard var lowRegion = try Self.read(low, physical) else { return .noLowMemory }
    guard lowRegion.attributes.contains(where: { $0 != .absent }) else {
      return physical.origin?.split == nil ? .lowMemoryLeftOut : .lowMemoryElsewhere
    }
    setAttributes(&lowRegion, low: low, in: &memory)
    lowRegion.backups = candidates
    lowRegion.slabs = slabs(kernel, in: &memory)
    lowRegion.pointerTargets = pointerTargets(kernel)
    let frames =
      physical.geometry.pfn(
        of: low.source)..<physical.geometry.pfn(of: low.source + Int(low.byteCount - 1))
      .advanced(by: 1)
    if let reserved = ReservedFrames.among(frames, of: kernel, in: &memory) {
      lowRegion.setReserved(reserved)
      evidence.append(
        "\(reserved.count) of \(frames.count) pages of low memory were reserved since boot (PG_reserved)")
    } else {
      evidence.append("which pages of low memory the kernel never used cannot be told")
    }
    lowRegion.encryptionMask = kernel.tables.encryptionMask
    setTables(&lowRegion, frames: frames, of: kernel, in: &memory)
    var plan = ConstantSolver(lowRegion).plan()

    // Page tables may lie in the low memory themselves: what they say counts once they can be read.
    if plan.repairedPages > 0, lowRegion.attributes.contains(.unknown) {
      let repaired = PhysicalMemory(physical, adding: RepairLayer(plan, geometry: physical.geometry))
      do throws(VmcoreError) {
        var again = try kernel.reading(repaired).memory()
        setAttributes(&lowRegion, low: low, in: &again)
        plan = ConstantSolver(lowRegion).plan()
      } catch { evidence.append("page tables in the low memory are not looked at as they become: \(error)") }
    }
    evidence += plan.evidence
    return .judged(plan)
  }

  /// Says which frames are page tables, of the kernel and of processes. A table that only a damaged one leads to is not found.
  private mutating func setTables(
    _ region: inout LowRegion, frames: Range<PFN>, of kernel: Kernel, in memory: inout KernelMemory
  ) {
    var walk: PageTableFrames
    do throws(VmcoreError) { walk = try PageTableFrames(kernel) } catch {
      evidence.append("which pages of low memory are page tables is not known: \(error)")
      return
    }
    walk.add(kernel.tables.root, .kernel)
    func found(_ walk: borrowing PageTableFrames) -> Set<PFN> {
      Set((0..<frames.count).map { frames.lowerBound.advanced(by: $0) }.filter { walk.frames.contains($0) })
    }
    let ofKernel = found(walk)
    do throws(KernelError) {
      for table in try ProcessTables(kernel, in: &memory).tables { walk.add(table, .process) }
    } catch { evidence.append("page tables of processes are not looked at: \(error)") }
    let all = found(walk)
    region.setTables(ofKernel: ofKernel, ofProcesses: all)
    if !all.isEmpty {
      evidence.append(
        "\(all.count) pages of low memory are page tables, \(ofKernel.count) of them the kernel's own")
    }
  }

  /// The low memory as the dump has it; pages that it lacks are marked so.
  private static func read(
    _ low: BackupFinder.Low, _ physical: PhysicalMemory
  ) throws(KernelError) -> LowRegion? {
    var reader = try KernelError.wrapping { () throws(SystemError) in try MemoryReader.sequential(physical) }
    var buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: Int(low.byteCount))
    }
    var absent: [PhysicalAddress] = []
    let geometry = physical.geometry
    var at = low.source.rawValue
    let end = low.source.rawValue + low.byteCount
    while at < end {
      let next = min((at & ~UInt64(geometry.size - 1)) + UInt64(geometry.size), end)
      let place = Int(at - low.source.rawValue)
      if !copy(PhysicalAddress(at), count: Int(next - at), to: place, of: &buffer, by: &reader) {
        absent.append(PhysicalAddress(at))
      }
      at = next
    }
    var region = LowRegion(bytes: buffer.bytes, start: low.source)
    for address in absent { region?.setAttribute(.absent, ofPageAt: address) }
    return region
  }

  /// Where pointers of the kernel point to: the direct map of the memory that there is, and the kernel's image.
  private func pointerTargets(_ kernel: Kernel) -> [Range<UInt64>] {
    let physical = kernel.physical
    var targets: [Range<UInt64>] = []
    if let directMap {
      let end = directMap &+ physical.frames.maxMapNumber << physical.geometry.shift
      if end > directMap { targets.append(directMap..<end) }
    }
    if let text = kernel.info.symbol("_stext")?.rawValue {
      let bytes = kernel.image.count << physical.geometry.shift
      let (end, overflow) = text.addingReportingOverflow(bytes)
      if bytes > 0, !overflow { targets.append(text..<end) }
    }
    return targets
  }

  private static func copy(
    _ address: PhysicalAddress, count: Int, to place: Int, of buffer: inout MappedBuffer,
    by reader: inout MemoryReader
  ) -> Bool {
    var bytes = buffer.mutableBytes(in: place..<place + count)
    return (try? reader.read(address, into: &bytes)) != nil
  }

  private func setAttributes(
    _ region: inout LowRegion, low: BackupFinder.Low, in memory: inout KernelMemory
  ) {
    guard let directMap else { return }
    for page in 0..<region.pageCount where region.attributes[page] != .absent {
      let address = region.address(ofPage: page)
      region.setAttribute(
        AttributeWalk.attribute(of: address, directMap: directMap, &memory),
        ofPageAt: max(address, low.source))
    }
  }

  /// Looks for all types that will be asked for, and says where they were found.
  private mutating func tellOfTypes(_ kernel: Kernel) {
    do throws(KernelError) {
      var wanted = KexecImage.wantedTypes
      wanted.formUnion(SlabWalk.wantedTypes)
      evidence.append(try kernel.types(wanted).evidence)
    } catch {
      evidence.append("\(error)")
    }
  }

  private mutating func findBackup(
    _ low: BackupFinder.Low, of kernel: Kernel, user: UserRegion?, in memory: inout KernelMemory
  ) {
    if let user {
      // Addresses are counted from the source that the user knows of.
      let skipped = low.source.rawValue &- (user.source ?? low.source).rawValue
      candidates = [
        BackupCandidate(
          address: PhysicalAddress(user.backup.rawValue &+ skipped), certainty: .stated,
          evidence: "--backup-region")
      ]
    } else {
      candidates = BackupFinder.candidates(for: low, of: kernel, &memory)
    }
    for candidate in candidates {
      evidence.append("the backup may lie at \(candidate.address): \(candidate.evidence)")
    }
  }

  private mutating func slabs(_ kernel: Kernel, in memory: inout KernelMemory) -> [LowSlab] {
    do throws(KernelError) {
      let walk = try SlabWalk(kernel, in: &memory)
      evidence.append(walk.evidence)
      guard let directMap else { return [] }
      return walk.slabs.map { slab in
        var low = LowSlab(
          start: kernel.geometry.address(of: slab.frames.lowerBound),
          byteCount: UInt64(slab.frames.count) << kernel.geometry.shift,
          objectSize: UInt64(slab.objectSize), firstObject: UInt64(slab.firstObject),
          pointerOffset: UInt64(slab.pointerOffset), random: slab.coding == .plain ? nil : slab.random,
          swabsPointerAddress: slab.swabs,
          directMap: directMap)
        low.contentSize = UInt64(slab.contentSize)
        low.zoneEnd = UInt64(slab.zoneEnd)
        low.poisonsObjects = slab.poisonsObjects
        low.setFree(lists: slab.freelists.compactMap { slab.index(of: $0.rawValue) }, inUse: slab.inUse)
        return low
      }
    } catch {
      evidence.append("\(error)")
      return []
    }
  }
}
