public import DumpMemory
public import KernelModel

/// What is done about memory encryption: memory as the first kernel saw it, as far as it can be had, and the account
/// of how.
public struct Repair: Sendable {
  /// The memory, with the layers that bring it back.
  public let memory: PhysicalMemory
  public let investigation: Investigation
  /// What is done to low memory page by page; nil with a key, which brings back all of memory.
  public let plan: RepairPlan?
  /// What goes into the dump: a line for what was done, empty if nothing was.
  public let record: String

  /// How a record begins.
  private static let recordPrefix = "repaired SME "

  /// The record of an earlier repair in a dump; nil if it has none.
  static func record(in memory: PhysicalMemory) -> String? {
    memory.eraseInfo.split(separator: "\n").last { $0.hasPrefix(recordPrefix) }.map { String($0) }
  }

  /// Without a key: what the investigation's plan says.
  public init(_ investigation: Investigation, of kernel: Kernel) {
    let memory = kernel.physical
    self.investigation = investigation
    plan = investigation.plan
    guard let plan, plan.repairedPages > 0 else {
      self.memory = memory
      record = ""
      return
    }
    self.memory = PhysicalMemory(memory, adding: RepairLayer(plan, geometry: memory.geometry))
    var text = "\(Self.recordPrefix)(XE, no key): \(plan.repairedPages) low pages, left \(plan.lostPages)"
    if let backup = plan.backup { text += ", backup 0x\(String(backup.address.rawValue, radix: 16))" }
    for found in plan.classes where found.isAccepted {
      if let constant = found.constant {
        text += ", T(0x\(String(found.difference, radix: 16)))=\(constant)"
      }
    }
    record = text + "\n"
  }

  /// With the key: all of memory.
  ///
  /// - Parameters:
  ///   - view: how the capture kernel read it.
  ///   - user: as for the investigation.
  public init(
    _ investigation: Investigation, of kernel: Kernel, key: KeyMaterial, view: CaptureView,
    user: Investigation.UserRegion? = nil
  ) throws(EncryptionError) {
    let memory = kernel.physical
    // What is right needs no key, and would become noise by it: an undamaged dump, and one that was repaired before.
    if case .repairedBefore(let record) = investigation.outcome {
      throw .impossible(
        "the dump says that it was undone already, the key would make noise of it: \(record)")
    }
    if let plan = investigation.plan,
      plan.verdict == .undamaged || plan.repairedPages == 0 && plan.soundPages > 0
    {
      throw .impossible(
        "low memory makes sense as it is (\(plan.verdict.rawValue)): the key would make noise of it")
    }
    let none = PFNRanges([], maxMapNumber: memory.frames.maxMapNumber)
    var region: BackupRegion?
    if let low = investigation.low, let backup = investigation.candidates.first {
      region = BackupRegion(source: low.source, byteCount: low.byteCount, backup: backup.address)
    }
    if region == nil, view == .encrypted {
      throw .impossible("the backup region is not known; say where it lies with --backup-region")
    }
    guard let directMap = investigation.directMap else {
      throw .impossible(
        "the kernel's direct map is not known, and so not which pages were encrypted")
    }
    // The page tables were encrypted themselves: read them as if all was, and then see what was not.
    let firstLayer = try Self.layer(
      key, view: view, region: region, decrypted: none, unmapped: none, memory: memory)
    let first = PhysicalMemory(memory, adding: firstLayer)
    var kernelMemory = try Self.reader(kernel.reading(first))
    let map = AttributeWalk.map(first, directMap: directMap, in: &kernelMemory)
    // The direct map has nearly all memory: if it cannot be read, the bytes are not what the key makes them.
    guard map.unmapped.count <= memory.frames.count / 2 else {
      throw .impossible(
        "with this key the kernel's page tables make no sense: key, mode, tweaks or view are not this"
          + " machine's")
    }
    let layer = try Self.layer(
      key, view: view, region: region, decrypted: map.decrypted, unmapped: map.unmapped, memory: memory)
    self.memory = PhysicalMemory(memory, adding: layer)
    // Page tables tell a wrong key from the right one only where they were encrypted again themselves.
    if let doubt = try Self.doubt(kernel.reading(self.memory), user: user) { throw .impossible(doubt) }
    self.investigation = investigation
    plan = nil
    record =
      "\(Self.recordPrefix)(\(key.mode.rawValue), with the key, view \(view.rawValue)):"
      + " \(map.decrypted.count) pages were mapped decrypted, \(map.unmapped.count) not mapped and left\n"
  }

  private static func reader(_ kernel: Kernel) throws(EncryptionError) -> KernelMemory {
    do throws(KernelError) { return try kernel.reader() } catch { throw .kernel(error) }
  }

  private static func doubt(
    _ kernel: Kernel, user: Investigation.UserRegion?
  ) throws(EncryptionError) -> String? {
    do throws(KernelError) {
      let after = try Investigation(kernel, region: user)
      if case .wrongView = after.outcome { return "with this key all of memory still is noise" }
      guard let plan = after.plan, plan.verdict != .undamaged, plan.repairedPages > 0 || plan.soundPages == 0
      else { return nil }
      let verdict = plan.verdict
      return
        "with this key low memory still looks damaged (\(verdict.rawValue)): is it this machine's, and are"
        + " mode and tweaks?"
    } catch { throw .kernel(error) }
  }

  private static func layer(
    _ key: KeyMaterial, view: CaptureView, region: BackupRegion?, decrypted: PFNRanges,
    unmapped: PFNRanges, memory: PhysicalMemory
  ) throws(EncryptionError) -> KeyedLayer {
    guard let cipher = key.cipher() else {
      throw .impossible("the tweak constants t4 to t11 are not all known")
    }
    return KeyedLayer(
      cipher, view: view, region: region, decrypted: decrypted, unmapped: unmapped, geometry: memory.geometry,
      loads: memory.loads)
  }
}
