internal import DumpMemory
internal import KernelModel
internal import Platform

/// What is known of the crashed kernel: from the vmcore's notes, from the files that the user named, and, where
/// neither tells, from the memory itself.
extension OpenedVmcore {
  /// The VMCOREINFO that counts, and the notes that go with it if they are not the vmcore's own; nil where nobody knows anything.
  static func info(
    _ memory: PhysicalMemory, request: MemoryRequest, messages: Messages
  ) throws(CommandFailure) -> (info: VMCOREINFO, notes: CoreNotes?)? {
    let named = try namedInfo(request)
    guard let own = memory.vmcoreinfo(), !own.isDamaged else {
      guard let found = try info(memory, request: request, named: named, messages: messages) else {
        return nil
      }
      return (found, memory.notes.with(found))
    }
    guard let named else { return (own, nil) }
    // Some hypervisors write the VMCOREINFO of another kernel: memory decides.
    let place = request.infoFile == nil ? nil : try? KernelPlace.locate(named.info, in: memory)
    if let release = own.string("OSRELEASE"), let other = named.info.string("OSRELEASE"),
      release != other
    {
      guard place != nil else {
        throw CommandFailure(
          "\(named.path): it is of Linux \(other), but the vmcore is of \(release)", status: .wrongRelease)
      }
      messages.warning(
        "\(request.path): its VMCOREINFO is of Linux \(release), but in its memory is \(other), as \(named.path) says"
      )
    } else if let build = own.string("BUILD-ID"), let other = named.info.string("BUILD-ID"), build != other {
      throw CommandFailure(
        "\(named.path): its build ID is \(other), but the vmcore's kernel has \(build)", status: .wrongRelease
      )
    }
    if request.infoFile != nil {
      return override(own, notes: memory.notes, named: named, place: place, messages: messages)
    }
    guard let moved = named.info.moved(like: own) else { return (own, nil) }
    let both = own.joined(with: moved)
    messages.debug("\(named.path): \(both.keyCount - own.keyCount) keys that VMCOREINFO lacks")
    return (both, nil)
  }

  /// What `-i` names counts against what the vmcore's note says, and the dump's note has what counts.
  private static func override(
    _ own: VMCOREINFO, notes: CoreNotes, named: (path: String, info: VMCOREINFO),
    place: (info: VMCOREINFO, place: KernelPlace)?, messages: Messages
  ) -> (info: VMCOREINFO, notes: CoreNotes?) {
    var info = place?.info ?? named.info.moved(like: own) ?? named.info
    // The page tables alone need not show it.
    if named.info.number("sme_mask") == nil { info = info.without(["NUMBER(sme_mask)"]) }
    if named.info.string("KERNELOFFSET") != info.string("KERNELOFFSET") {
      // Of another boot, what lies outside of the kernel's image is elsewhere now.
      info = info.withoutPointers(knownTo: own)
    }
    if own.string("OSRELEASE") == info.string("OSRELEASE") {
      // A kernel says where the sections are, and its vmlinux where the pointer to them is.
      info = info.withoutPlaces(ofPointersIn: own)
    }
    let (both, changed, added) = own.overridden(by: info)
    messages.debug("\(named.path): \(added) keys that VMCOREINFO lacks")
    if changed.isEmpty { return (both, nil) }
    messages.common(
      "\(named.path) overrides VMCOREINFO, also in the dump: \(changed.prefix(4).joined(separator: ", "))"
        + (changed.count > 4 ? " and \(changed.count - 4) more" : ""))
    return (both, notes.with(both))
  }

  /// VMCOREINFO of a vmcore without the note.
  private static func info(
    _ memory: PhysicalMemory, request: MemoryRequest, named: (path: String, info: VMCOREINFO)?,
    messages: Messages
  ) throws(CommandFailure) -> VMCOREINFO? {
    if let named {
      do throws(KernelError) {
        let (info, place) = try KernelPlace.locate(named.info, in: memory)
        messages.common(
          "\(request.path) doesn't contain vmcoreinfo: it is taken from \(named.path) (KERNELOFFSET="
            + String(place.slide, radix: 16) + ")")
        return info
      } catch { throw CommandFailure("\(named.path): \(error)") }
    }
    // Not ended: a line about it is worth its place only while the search lasts.
    let progress = Progress(messages)
    progress.begin(.readingPages)
    guard let found = VMCOREINFOSearch.find(in: memory, progress: { progress.update(done: $0, total: $1) })
    else {
      return nil
    }
    messages.common(
      "\(request.path) doesn't contain vmcoreinfo: it was found in memory at \(found.address)")
    return found.info
  }

  /// What `-i` or `-x` names.
  private static func namedInfo(
    _ request: MemoryRequest
  ) throws(CommandFailure) -> (path: String, info: VMCOREINFO)? {
    if let path = request.infoFile {
      let text: String
      do throws(SystemError) { text = try TextFile.read(path) } catch { throw CommandFailure(error) }
      // Unlike the kernel's page, a file may end with a line that has no end.
      let info = VMCOREINFO(text + "\n")
      for key in ["OSRELEASE", "PAGESIZE"] where info.string(key)?.isEmpty ?? true {
        throw CommandFailure(
          "\(path): no VMCOREINFO: it has no line \(key)=; -g writes such a file")
      }
      return (path, info)
    }
    guard let path = request.kernelFiles.vmlinux else { return nil }
    do throws(KernelError) {
      let file = try VmlinuxFile(opening: path)
      return (path, VMCOREINFO(try file.vmcoreinfo()))
    } catch {
      // A file with types alone, such as a copy of /sys/kernel/btf/vmlinux, still serves who asks for types.
      if case .absent = error { return nil }
      throw CommandFailure(error, of: path)
    }
  }
}
