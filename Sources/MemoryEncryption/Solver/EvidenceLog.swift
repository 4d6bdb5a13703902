internal import DumpMemory

/// The way to a verdict in sentences.
struct EvidenceLog: Sendable {
  private(set) var lines: [String] = []

  mutating func add(_ detector: Detector) {
    lines.append(
      "\(detector.pages.count) pages: \(detector.zeroBlocks) zero blocks, \(detector.poisonBlocks) of poison, "
        + "\(detector.repeatedBlocks) others that repeat, \(detector.noisePages) pages of noise")
  }

  mutating func add(votes: [PageVote], families: [UntouchedFamily]) {
    let fills = votes.filter { $0.source == .fill }
    lines.append(
      "\(fills.count) pages show a repeated block, \(Set(fills.map { $0.constant }).count) different ones; "
        + "\(votes.count - fills.count) prove a constant by free pointers or kernel addresses")
    for family in families {
      lines.append("\(family.members.count) pages differ from each other as untouched memory does")
    }
  }

  mutating func add(_ search: AlignmentSearch) {
    if let match = search.match {
      let from = "0x" + String(match.distance, radix: 16)
      lines.append(
        search.isTableConfirmed
          ? "the tweak table gives \(match.constants) constants of \(match.pages) pages, for memory moved by \(from)"
          : "nothing but the tweak table names constants, for memory moved by \(from)")
    } else if let primary = search.primary {
      lines.append(
        "\(search.fittingCount) of \(Alignment.count) ways that the backup may lie fit; "
          + "\(primary.consensus.leftOver) equations are left over as checks, "
          + "\(primary.consensus.contradicting.count) contradict")
    }
    for candidate in search.denied {
      lines.append(
        "the backup is not at 0x\(String(candidate.address.rawValue, radix: 16)) (\(candidate.evidence))")
    }
    if let stated = search.stated {
      lines.append("the backup at 0x\(String(stated.address.rawValue, radix: 16)) fits (\(stated.evidence))")
    }
  }

  /// Why less is believed than could be.
  mutating func add(_ verifier: PageVerifier, _ region: LowRegion, _ judge: ClassJudge) {
    if !verifier.soundPages.isEmpty {
      let places = verifier.soundPages.prefix(8).map { "\(region.address(ofPage: $0))" }
      lines.append(
        "\(verifier.soundPages.count) pages make sense as they are (\(places.joined(separator: ", "))"
          + (verifier.soundPages.count > 8 ? ", ..." : "") + "): of pages that show nothing, none is changed")
    }
    if !judge.uncopied.isEmpty {
      lines.append(
        "pages of slabs look as if nobody ever wrote them: their copy was not made, nor that of any page that looks so"
      )
    }
    if judge.isAlignmentRefuted {
      lines.append(
        "proven constants deny each other under this place of the backup: only pages that show their own are changed"
      )
    }
    if !judge.isPlaceProven, judge.classes.contains(where: { $0.isAccepted }) {
      lines.append(
        "too few pages prove constants for more than themselves: only pages that show their own are changed")
    }
    if judge.isTableRefuted {
      lines.append("proven constants deny the tweak table: nothing is taken from it")
    }
  }

  mutating func add(_ found: ClassFinding) {
    let constant = found.constant.map { "\($0)" } ?? "unknown"
    lines.append(
      "l ^ r = 0x\(String(found.difference, radix: 16)), \(found.pages.count) pages: constant \(constant), "
        + found.judgement)
  }

  mutating func add(_ verdict: Verdict) {
    lines.append(verdict.sentence)
  }
}
