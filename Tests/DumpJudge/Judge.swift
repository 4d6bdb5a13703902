import Glibc

/// Compares a dump with the vmcore that it was made from, and with the dump that another program made of it.
///
/// - Parameters:
///   - vmcore: the truth about each page's content; without it pages are only decoded.
///   - reference: the truth about which pages there must be; without it none is missing or extra.
public func judge(dump: KdumpDump, vmcore: ELFVmcore? = nil, reference: KdumpDump? = nil) -> DumpJudgement {
  var verdict = DumpJudgement()
  verdict.breaches = dump.breaches()
  dump.forEachPage { pfn, descriptor, result in
    verdict.pages += 1
    switch result {
    case .success(let content):
      verdict.codecs[descriptor?.flags ?? 0, default: 0] += 1
      guard let vmcore else { return }
      if let truth = vmcore.content(pfn),
        memcmp(truth.baseAddress!, content.baseAddress!, dump.pageSize) == 0
      {
        verdict.right += 1
      } else {
        verdict.wrong.append(pfn)
      }
    case .failure(.cut):
      verdict.cut.append(pfn)
    case .failure(let failure):
      verdict.unreadable.append(pfn)
      if failure == .pastEnd || failure == .noDescriptor { verdict.pastEnd.append(pfn) }
    }
  }
  if let reference {
    verdict.missing = reference.dumped.subtracting(dump.dumped)
    verdict.extra = dump.dumped.subtracting(reference.dumped)
    verdict.existingDiffers =
      (reference.existing.subtracting(dump.existing) + dump.existing.subtracting(reference.existing)).sorted()
  }
  return verdict
}

/// ``judge(dump:vmcore:reference:)`` of files.
public func judge(
  dump: String, vmcore: String? = nil, reference: String? = nil
) throws(JudgeError) -> DumpJudgement {
  let truth: ELFVmcore? = if let vmcore { try ELFVmcore(vmcore) } else { nil }
  let other: KdumpDump? = if let reference { try KdumpDump(reference) } else { nil }
  return judge(dump: try KdumpDump(dump), vmcore: truth, reference: other)
}
