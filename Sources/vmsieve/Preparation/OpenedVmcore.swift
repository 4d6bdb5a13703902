internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption

/// A vmcore, and the kernel that it is of.
struct OpenedVmcore {
  /// With a VMCOREINFO among its notes in any case, if one was found.
  let memory: PhysicalMemory
  let info: VMCOREINFO?
  /// Nil if pages can only be dumped and not judged.
  private(set) var kernel: Kernel?
  /// Why the kernel is not known, in words that follow the vmcore's path; nil if it is.
  private(set) var problem: String?
  /// What memory looks like where nothing tells of a kernel; nil if it looks like any other.
  var reasonForNoInfo: String? { MemorySurvey(of: memory)?.reasonForNoInfo }

  /// Opens a vmcore and says what it is.
  ///
  /// - Throws: also for one that was cut before its first page: whatever were said of its memory would be wrong.
  init(_ request: MemoryRequest, messages: Messages) throws(CommandFailure) {
    let source: PhysicalMemory
    do throws(VmcoreError) {
      source = try PhysicalMemory(opening: request.path, prefersMapping: request.isMapped)
    } catch { throw CommandFailure(error) }
    try self.init(source, request: request, messages: messages)
  }

  /// The same memory in pages of the kernel's size, which a dump need not tell that has no VMCOREINFO among its notes.
  private static func withPages(
    of info: VMCOREINFO, _ source: PhysicalMemory, request: MemoryRequest
  ) throws(CommandFailure) -> PhysicalMemory {
    guard let geometry = source.machine.geometry(info), geometry != source.geometry,
      source.isOfOneFile
    else { return source }
    do throws(VmcoreError) {
      return try PhysicalMemory(opening: source.path, prefersMapping: request.isMapped, geometry: geometry)
    } catch { throw CommandFailure(error.description) }
  }

  /// The same of one that is open.
  init(_ source: PhysicalMemory, request: MemoryRequest, messages: Messages) throws(CommandFailure) {
    guard !source.lacksAllPages else {
      throw CommandFailure("\(request.path): it was cut before its first page: there is no memory in it")
    }
    guard let (info, notes) = try Self.info(source, request: request, messages: messages) else {
      messages.describe(source, nil)
      memory = source
      self.info = nil
      problem = "it doesn't contain vmcoreinfo, nor does a file that -x or -i names tell it"
      return
    }
    self.info = info
    let source = try Self.withPages(of: info, source, request: request)
    messages.describe(source, info)
    memory = notes.map { PhysicalMemory(source, notes: $0) } ?? source
    do throws(KernelError) {
      kernel = try Kernel(info, of: memory, files: request.kernelFiles)
    } catch {
      problem = error.description
    }
  }
}
