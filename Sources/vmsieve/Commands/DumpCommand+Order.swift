internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import Platform

extension DumpCommand {
  /// The kernel's pages first, where the dump may not fit into its filesystem or below `-L`, and in a stream, which may
  /// be cut where nobody sees it from here.
  ///
  /// - Returns: nil for the order of memory.
  func priority(
    _ level: DumpLevel, frames: borrowing PFNBitmap, description: DumpDescription,
    file: borrowing FileDescriptor?, files: SplitFiles
  ) -> WritePriority? {
    if request.isDryRun { return nil }
    // It is whole or it is not there.
    if request.isRepeatable { return nil }
    if request.destination.isStream {
      guard let kernel,
        let order = findOrder(
          kernel, level: level, maxMapNumber: frames.maxMapNumber,
          or: "if the stream is cut, the pages of high memory are missing")
      else { return nil }
      if let problem = order.problem { messages.debug("the order of the stream: \(problem)") }
      return order
    }
    guard let start = shortage(frames, description: description, file: file, files: files) else { return nil }
    let warning = "\(start) if it is cut, the pages of high memory are missing"
    guard let kernel else {
      messages.warning(warning)
      return nil
    }
    guard let order = findOrder(kernel, level: level, maxMapNumber: frames.maxMapNumber, or: warning) else {
      return nil
    }
    if let problem = order.problem {
      messages.warning(
        "\(start) the kernel's image and page tables are written first, but not all of its pages: \(problem)")
    } else {
      messages.warning("\(start) the kernel's own pages are written first")
    }
    return order
  }

  /// - Parameter warning: what is said where there is no such order: a dump in that of memory is better than none.
  private func findOrder(
    _ kernel: Kernel, level: DumpLevel, maxMapNumber: UInt64, or warning: String
  ) -> WritePriority? {
    let progress = Progress(messages)
    let isLooking = !level.isSuperset(of: .needingMemoryMap)
    if isLooking { progress.begin(.unnecessaryPages) }
    do throws(VmcoreError) {
      let order = try WritePriority(kernel, level: level, affordsSet: affordsSet(maxMapNumber)) {
        progress.update(done: $0, total: $1)
      }
      if isLooking { progress.end() }
      return order
    } catch {
      messages.warning("\(warning): \(error)")
      return nil
    }
  }

  /// What begins the sentence about a dump that may not fit; nil for one that does.
  private func shortage(
    _ frames: borrowing PFNBitmap, description: DumpDescription, file: borrowing FileDescriptor?,
    files: SplitFiles
  ) -> String? {
    if let seconds = request.deadline {
      return "the dump is closed after \(seconds) s, with what it has then:"
    }
    let noteSize = memory.notes.byteCount
    if case .files(let paths, _) = request.destination {
      let count = UInt64(paths.count)
      let needed = DiskdumpWriter.mostBytes(
        pages: frames.count, maxMapNumber: frames.maxMapNumber, noteSize: noteSize, description)
      // Each has the room for the descriptors and its share of the pages.
      let each = needed / count + needed / 64
      for room in files.rooms() {
        let wanted = each * UInt64(room.files.count)
        let available = min(
          room.available, request.sizeLimit.map { $0.multipliedClamped(by: UInt64(room.files.count)) } ?? .max
        )
        if wanted > available {
          let names = room.files.map { paths[$0] }.joined(separator: ", ")
          return "there is room for \(available) bytes of \(names), which may come to \(wanted):"
        }
      }
      return nil
    }
    guard let available = room(file) else { return nil }
    let needed =
      request.writesELF
      ? ELFDumpWriter.mostBytes(pages: frames.count, pageSize: memory.geometry.size, noteSize: noteSize)
      : DiskdumpWriter.mostBytes(
        pages: frames.count, maxMapNumber: frames.maxMapNumber, noteSize: noteSize, description)
    return needed <= available
      ? nil
      : "there is room for \(available) bytes of \(request.destination.name), which may come to \(needed):"
  }

  /// Bytes that the file may have, in its filesystem and by `-L`; nil where nothing limits it.
  private func room(_ file: borrowing FileDescriptor?) -> UInt64? {
    switch file {
    case .none: return nil
    case .some(let file):
      guard file.kind == .regular else { return nil }
      guard let available = file.availableBytes() else { return request.sizeLimit }
      return min(available, request.sizeLimit ?? available)
    }
  }

  /// A second set of frames, of one bit each, may take a quarter of the memory that is left.
  private func affordsSet(_ frames: UInt64) -> Bool {
    guard let available = Host.availableMemory() else { return true }
    return frames / 8 <= available / 4
  }
}

extension WrittenGroups {
  /// What somebody who has only the cut dump wants to know.
  var sentence: String {
    let kernel = wanted(.foundation) + wanted(.kernel)
    let written = present(.foundation) + present(.kernel)
    let missing = wanted(.other) - present(.other)
    let missingMap = wanted(.memoryMap) - present(.memoryMap)
    let lost = unreadable > 0 ? "; \(unreadable) of all pages could not be read" : ""
    if written < kernel {
      return "\(written) of \(kernel) pages of the kernel are in it, which may be too few to open it with"
        + lost
    }
    let map =
      missingMap > 0
      ? "all \(kernel) pages of the kernel are in it, but \(missingMap) of its mem_map are missing"
      : "all \(kernel + wanted(.memoryMap)) pages of the kernel are in it"
    let others = missing > 0 ? "; \(missing) pages of processes, caches and free memory are missing" : ""
    return map + others + lost
  }
}

extension UInt64 {
  fileprivate func multipliedClamped(by other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
