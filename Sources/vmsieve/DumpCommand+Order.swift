internal import Diskdump
internal import DumpPipeline
internal import Platform
internal import Vmcore

extension DumpCommand {
  /// The kernel's pages first, where the dump may not fit into its filesystem or below `-L`; nil where it does, or where
  /// a file's pages must come in the order of their frames.
  func frameOrder(
    _ level: DumpLevel, _ frames: borrowing PFNBitmap, _ description: DumpDescription,
    _ file: borrowing FileDescriptor?
  ) -> FrameOrder? {
    guard !options.flattens, !options.writesELF, options.splitFiles.isEmpty, let available = room(file)
    else { return nil }
    let needed = DiskdumpWriter.mostBytes(
      pages: frames.count, maxMapNumber: frames.maxMapNumber, noteSize: memory.notes.byteCount, description)
    if needed <= available { return nil }
    let start =
      "there is room for \(available) bytes of \(options.dumpFile), which may come to \(needed):"
    let warning = "\(start) if it is cut, the pages of high memory are missing"
    guard let kernel else {
      messages.warning(warning)
      return nil
    }
    let progress = Progress(messages)
    let isLooking = !level.isSuperset(of: .needingMemoryMap)
    if isLooking { progress.begin(.unnecessaryPages) }
    let order: FrameOrder
    do throws(VmcoreError) {
      order = try FrameOrder(
        kernel, level, of: memory, symbols: symbols, affordsSet: affordsSet(frames.maxMapNumber)
      ) {
        progress.update(done: $0, total: $1)
      }
    } catch {
      // A dump in the common order is better than none.
      messages.warning("\(warning): \(error)")
      return nil
    }
    if isLooking { progress.end() }
    if let problem = order.problem {
      messages.warning(
        "\(start) the kernel's image and page tables are written first, but not all of its pages: \(problem)")
    } else {
      messages.warning("\(start) the kernel's own pages are written first")
    }
    return order
  }

  /// Bytes that the file may have, in its filesystem and by `-L`; nil where nothing limits it.
  private func room(_ file: borrowing FileDescriptor?) -> UInt64? {
    switch file {
    case .none: return nil
    case .some(let file):
      guard file.kind == .regular else { return nil }
      guard let available = file.availableBytes() else { return options.sizeLimit }
      return min(available, options.sizeLimit ?? available)
    }
  }

  /// A second set of frames, of one bit each, may take a quarter of the memory that is left.
  private func affordsSet(_ frames: UInt64) -> Bool {
    guard let available = Machine.availableMemory() else { return true }
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
