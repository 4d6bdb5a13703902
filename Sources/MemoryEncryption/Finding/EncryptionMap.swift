public import DumpMemory
public import KernelModel
public import Platform

/// Which memory the crashed kernel had mapped as encrypted: the C-bit of every page, by its direct map.
public struct EncryptionMap: Sendable {
  /// Pages that lie together and are mapped alike.
  public struct Run: Hashable, Sendable {
    public let frames: Range<PFN>
    public let attribute: PageAttribute
  }

  /// In the order of the addresses; holes between them are no memory.
  public let runs: [Run]
  private let geometry: PageGeometry

  /// - Parameters:
  ///   - kernel: in memory as it saw it: page tables may lie in what was damaged.
  ///   - directMap: where the kernel maps physical address 0.
  public init(of kernel: Kernel, directMap: UInt64) throws(VmcoreError) {
    let memory = kernel.physical
    var kernelMemory = try kernel.memory()
    let map = AttributeWalk.map(memory, directMap: directMap, in: &kernelMemory)
    var runs = (map.decrypted.ranges.map { Run(frames: $0, attribute: .decrypted) })
    runs += map.unmapped.ranges.map { Run(frames: $0, attribute: .unknown) }
    let known = runs.sorted { $0.frames.lowerBound < $1.frames.lowerBound }
    runs = []
    var next = 0
    for range in memory.framesHeld.ranges {
      var at = range.lowerBound
      while next < known.count, known[next].frames.lowerBound < range.upperBound {
        let run = known[next]
        if at < run.frames.lowerBound {
          runs.append(Run(frames: at..<run.frames.lowerBound, attribute: .encrypted))
        }
        runs.append(run)
        at = run.frames.upperBound
        next += 1
      }
      if at < range.upperBound { runs.append(Run(frames: at..<range.upperBound, attribute: .encrypted)) }
    }
    self.runs = runs
    geometry = memory.geometry
  }

  /// How many pages are mapped so, and in how many runs.
  public func count(_ attribute: PageAttribute) -> (pages: UInt64, runs: Int) {
    var pages: UInt64 = 0
    var count = 0
    for run in runs where run.attribute == attribute {
      pages += run.frames.upperBound.rawValue - run.frames.lowerBound.rawValue
      count += 1
    }
    return (pages, count)
  }

  /// The physical addresses of a run.
  public func addresses(of run: Run) -> Range<UInt64> {
    geometry.address(of: run.frames.lowerBound)
      .rawValue..<geometry.address(of: run.frames.upperBound).rawValue
  }

  /// The map as one JSON object: counts, and every run.
  public var json: JSONObject {
    var object = JSONObject()
    for attribute in [PageAttribute.encrypted, .decrypted, .unknown] {
      object.add("\(attribute.rawValue)_pages", count(attribute).pages)
    }
    object.add(
      "runs",
      runs.map { run in
        var object = JSONObject()
        let addresses = addresses(of: run)
        object.add("start", hexadecimal: addresses.lowerBound)
        object.add("end", hexadecimal: addresses.upperBound)
        object.add("mapped", run.attribute.rawValue)
        return object
      })
    return object
  }
}
